// SPDX-License-Identifier: GPL-2.0-only
// Processes that the host's kernel has killed for want of memory: a SIGKILL does not tell whom it is from.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace nap::machine {

// Pure. Of the kernel's log: whether it says that it has killed that process. Of /proc/vmstat: how many it
// has killed since it booted.
bool names_killed(std::string_view kernel_log, pid_t process);
std::uint64_t kills_in(std::string_view vmstat);

std::uint64_t host_kills();
// Whether it was that process: by the kernel's log; where that cannot be read or has forgotten, by whether
// there are more kills than `before`.
bool killed_for_memory(pid_t process, std::uint64_t before);

}  // namespace nap::machine
