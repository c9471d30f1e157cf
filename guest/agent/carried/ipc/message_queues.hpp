// SPDX-License-Identifier: GPL-2.0-only
// POSIX message queues: read in the kernel's memory, recreated by CRIU from a file among its images.
#pragma once

#include <string>

#include "agent/carried/part.hpp"

namespace nap::agent {

Result<channel::Json> capture_message_queues(Agent& agent, const Task& init);
Result<> hand_message_queues_to_criu(Agent& agent, const channel::Json& captured, Warnings& warnings);

// As CRIU's include/mqueue.h describes it.
Result<std::string> encode_message_queues(const channel::Json& captured);

}  // namespace nap::agent
