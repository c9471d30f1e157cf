// SPDX-License-Identifier: GPL-2.0-only
// Pressure triggers (Documentation/accounting/psi.rst): what a program has written into an open file of
// /proc/pressure, or a control group's *.pressure, to be told. CRIU opens the file again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/carried/part.hpp"

namespace nap::agent {

// What takes a while, before the userland is frozen.
Result<> prepare_pressure();

Result<channel::Json> capture_pressure(Agent& agent, const Task& init);
Result<> put_back_pressure(Agent& agent, const channel::Json& captured, const HostPids& pids,
                           Warnings& warnings);

// Of a link in /proc/PID/fd.
bool tells_pressure(std::string_view path);

// As it is written: "some 150000 1000000". `state`: of the kernel's enum psi_states; the times in ns.
std::string trigger_text(std::string_view path, std::uint32_t state, std::uint64_t threshold,
                         std::uint64_t window);

}  // namespace nap::agent
