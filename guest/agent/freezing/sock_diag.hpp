// SPDX-License-Identifier: GPL-2.0-only
// sock_diag(7): what the kernel tells of the sockets of a network namespace, its listing in one pass.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::agent {

class SocketListing {
  public:
    static Result<SocketListing> open();  // of the calling thread's network namespace

    // `request`: a structure as sock_diag(7) names it for each family. Each answer's bytes go to `each`.
    template <class Request>
    Result<> list(const Request& request, const std::function<void(std::span<const std::byte>)>& each) {
        return list(std::as_bytes(std::span(&request, 1)), each);
    }

  private:
    explicit SocketListing(UniqueFd fd) : fd_(std::move(fd)) {}
    Result<> list(std::span<const std::byte> request,
                  const std::function<void(std::span<const std::byte>)>& each);
    UniqueFd fd_;
};

// The contents of attribute `type` of those that follow an answer's `fixed` first bytes.
std::optional<std::span<const std::byte>> attribute(std::span<const std::byte> answer, std::size_t fixed,
                                                    unsigned type);

// The structure at the beginning of `bytes`, zero where they end before it.
template <class T>
T leading(std::span<const std::byte> bytes) {
    T value{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), sizeof value),
                std::as_writable_bytes(std::span(&value, 1)).begin());
    return value;
}

}  // namespace nap::agent
