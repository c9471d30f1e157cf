// SPDX-License-Identifier: GPL-2.0-only
// Netlink: requests to the kernel of the network namespace this thread is in.
#pragma once

#include "agent/network/message.hpp"
#include "base/fd.hpp"

namespace nap::agent {

class Netlink {
  public:
    static Result<Netlink> open(int protocol);

    struct Answer {
        int type;
        Body body;
    };
    // All there is of a kind.
    Result<std::vector<Answer>> dump(int type, std::string_view body);
    // Returns the kernel's errno; 0: done.
    Result<int> change(int type, int flags, std::string_view body);

  private:
    explicit Netlink(UniqueFd socket) : socket_(std::move(socket)) {}
    Result<> send(int type, int flags, std::string_view body);
    UniqueFd socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace nap::agent
