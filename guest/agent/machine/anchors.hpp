// SPDX-License-Identifier: GPL-2.0-only
// Anchors: where this kernel lies in its memory, for the walk of its page tables on the host.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// init_task, text, page_offset_base, vmemmap_base: virtual addresses of these symbols; kernel_code:
// guest-physical address of the first; la57: 5-level page tables; and the functions of
// walk::RestartFunctions, by the kernel's names.
Result<channel::Json> anchors(Agent& agent, const channel::Json& params, channel::Call& call);

// The parts that are functions of a text.
Result<channel::Json> find_symbols(std::string_view kallsyms);
Result<std::uint64_t> find_kernel_code(std::string_view iomem);

}  // namespace nap::agent
