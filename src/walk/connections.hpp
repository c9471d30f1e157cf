// SPDX-License-Identifier: GPL-2.0-only
// The TCP connections of a machine that no process has, read from a stopped kernel's tables of sockets. Every
// byte is untrusted: bounded loops, checked addresses, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "context/connection.hpp"
#include "walk/layout.hpp"
#include "walk/socket_layout.hpp"

namespace nap::walk {

struct StoppedKernel {
    std::span<const std::byte> memory;  // K
    const KernelLayout& layout;
    const SocketLayout& sockets;
    const Anchors& anchors;
    std::int32_t init_host_pid;  // whose network namespace it is about
    std::uint64_t monotonic_ms;  // its clock, which its timestamps count
    std::span<const std::byte> user_memory;
    FrameRange user;
};

// Those that wait stand in the order of their listener's queue.
Result<std::vector<context::Connection>> find_connections(const StoppedKernel& kernel);

}  // namespace nap::walk
