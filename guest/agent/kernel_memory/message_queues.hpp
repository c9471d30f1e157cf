// SPDX-License-Identifier: GPL-2.0-only
// Message queues: those of POSIX, with their messages, which can otherwise only be received, and with what
// mq_notify(3) has asked for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

struct QueueMessage {
    std::uint32_t priority = 0;
    std::string text;
};

struct QueueNotification {
    pid_t host_pid = 0;  // whom
    std::int32_t method = 0, signal = 0;
    std::uint64_t value = 0;
    std::uint64_t socket_inode = 0;  // SIGEV_THREAD: over which netlink socket, and what
    std::string cookie;
};

struct KernelQueue {
    std::uint64_t inode = 0;
    std::uint32_t mode = 0, uid = 0, gid = 0;
    std::int64_t most_messages = 0, message_size = 0;
    std::vector<QueueMessage> messages;  // in the order in which they will be received
    std::optional<QueueNotification> notification;
};

// Those without a name, too, that somebody has open.
Result<std::vector<KernelQueue>> read_message_queues(const RunningKernel& kernel,
                                                     std::uint64_t ipc_namespace);

}  // namespace nap::agent
