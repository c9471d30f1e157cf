// SPDX-License-Identifier: GPL-2.0-only
// The system calls that a freeze interrupted and that wait to go on: each frozen thread's registers say that
// there is one (ERESTART_RESTARTBLOCK), its restart block (include/linux/restart_block.h) says which and
// until when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "context/interrupted_call.hpp"
#include "walk/layout.hpp"
#include "walk/walk.hpp"

namespace nap::walk {

// Bits of a restart block's futex.flags, which kernels since 6.7 number anew.
struct FutexFlags {
    std::uint32_t shared = 1, realtime = 2, timed = 4;
};
FutexFlags futex_flags_of(std::string_view kernel_version);

// `kernel_memory`, `anchors`, `init_host_pid` as for walk(). `monotonic_ns`: what the kernel's
// CLOCK_MONOTONIC shows now (its CLOCK_BOOTTIME shows the same, as it never sleeps): times are what is left
// as of then. Only the threads of the userland must stand still. Errors as of walk(); besides protocol, a
// thread waits in a way that is not known.
Result<std::vector<context::InterruptedCall>> interrupted_calls(
    std::span<const std::byte> kernel_memory, const KernelLayout& layout, const Anchors& anchors,
    std::int32_t init_host_pid, std::int64_t monotonic_ns, FutexFlags flags, const WalkLimits& limits = {});

}  // namespace nap::walk
