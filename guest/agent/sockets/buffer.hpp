// SPDX-License-Identifier: GPL-2.0-only
// Buffer: an sk_buff that waits in one of a socket's queues, with all that its receiver may ask of it; read
// in the running kernel, where it stays.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"
#include "base/error.hpp"
#include "channel/json.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

struct Buffer {
    nap_socket_buffer about{};  // fd and data are set when it is put into a queue
    std::string bytes;          // about.headroom before those of its data
};

// Of a queue (struct sk_buff_head), the first first.
Result<std::vector<Buffer>> read_buffers(const RunningKernel& kernel, std::uint64_t queue,
                                         std::uint32_t length);

channel::Json to_json(const Buffer& buffer);
Result<Buffer> buffer_from_json(const channel::Json& told);

}  // namespace nap::agent
