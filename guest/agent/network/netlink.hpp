// SPDX-License-Identifier: GPL-2.0-only
// Netlink: requests to the kernel of the network namespace this thread is in.
#pragma once

#include <optional>
#include <span>

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

    struct Change {
        int type, flags;
        Body body;
    };
    struct Refusal {
        std::size_t change;  // which of them; beyond the last: the whole
        int error;
    };
    // All or none: a transaction of that part of nfnetlink.
    Result<std::optional<Refusal>> change_at_once(int subsystem, std::span<const Change> changes);

  private:
    explicit Netlink(UniqueFd socket) : socket_(std::move(socket)) {}
    Result<> send(int type, int flags, std::string_view body);
    UniqueFd socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace nap::agent
