// SPDX-License-Identifier: GPL-2.0-only
// In flight: what lies in the kernel's queues at this instant and cannot be carried, but is gone the next.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace nap::agent {

// Unix sockets, as sock_diag(7) tells of them.
struct UnixSocket {
    std::uint32_t inode = 0;
    std::uint32_t unread_by_peer = 0;    // bytes it has sent that nobody has read
    std::vector<std::uint32_t> waiting;  // of a listener: its clients' inodes, 0 where one is gone
};

// Connections to unix listeners that were not accepted yet and cannot be made again: of clients that are
// gone, or that have sent something already.
std::size_t in_flight(std::span<const UnixSocket> sockets);

// One phrase for each kind that is there now, in the machine's network namespace; empty: nothing.
Result<std::string> find_in_flight();

}  // namespace nap::agent
