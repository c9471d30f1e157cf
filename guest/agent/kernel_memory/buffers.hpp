// SPDX-License-Identifier: GPL-2.0-only
// Buffers: the bytes that wait at a socket, in the kernel's struct sk_buff.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

// The addresses of what waits at a socket, in its order.
Result<std::vector<std::uint64_t>> read_queue(const RunningKernel& kernel, std::uint64_t sock);

// All bytes of one, wherever its pieces lie; more than `most` is an error.
Result<std::string> read_buffer(const RunningKernel& kernel, std::uint64_t buffer, std::uint64_t most);

}  // namespace nap::agent
