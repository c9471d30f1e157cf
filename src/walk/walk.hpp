// SPDX-License-Identifier: GPL-2.0-only
// The page map of a machine's processes, read from the page tables of a stopped kernel (or of a running one
// whose processes are frozen) in its K file. Every byte is untrusted: bounded loops, checked addresses, never
// a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.hpp"
#include "base/units.hpp"
#include "context/page_map.hpp"
#include "walk/layout.hpp"

namespace nap::walk {

struct WalkLimits {
    std::uint64_t tasks = 100'000;
    std::uint64_t page_tables = 4'000'000;  // besides, no more than K has page frames
};

// `kernel_memory`: K, byte n is guest-physical address n. `init_host_pid`: the userland's init in the initial
// PID namespace; all processes of its PID namespace, and of those below, are walked. `user`: the frames of U.
// Errors: not_found, there is no such init; unsupported, processes share their memory, or one lives on
// without its first thread; protocol, the bytes are not those of a kernel.
Result<context::PageMap> walk(std::span<const std::byte> kernel_memory, const KernelLayout& layout,
                              const Anchors& anchors, std::int32_t init_host_pid, FrameRange user,
                              const WalkLimits& limits = {});

}  // namespace nap::walk
