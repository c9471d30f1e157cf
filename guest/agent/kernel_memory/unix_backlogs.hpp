// SPDX-License-Identifier: GPL-2.0-only
// Unix backlogs: the connections that unix listeners have not accepted, with what their clients have sent,
// which can otherwise only be read by accepting them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

struct Credentials {
    std::int32_t pid = 0;  // in the namespace of the process that has it; 0: none
    std::uint32_t uid = 0, gid = 0;
};

struct BacklogMessage {
    Credentials sender;
    std::string text;
};

struct BacklogConnection {
    std::uint32_t listener = 0, client = 0;  // inodes; 0: the client is gone
    Credentials peer;                        // whose the client was when it connected
    std::vector<std::uint32_t> groups;
    std::vector<BacklogMessage> messages;
    const char* obstacle = nullptr;  // what lies in its queue and cannot be made again
};

// Of the network namespace of `host_pid`, those of a listener in the order of its queue.
Result<std::vector<BacklogConnection>> read_unix_backlogs(const RunningKernel& kernel, pid_t host_pid);

}  // namespace nap::agent
