// SPDX-License-Identifier: GPL-2.0-only
// Unread events of inotify: CRIU recreates descriptors and watches, and what it does for that causes events.
#pragma once

#include <string_view>
#include <vector>

#include "agent/carried/part.hpp"

namespace nap::agent {

// What takes a while, before the userland is frozen.
Result<> prepare_inotify();

Result<channel::Json> capture_inotify(Agent& agent, const Task& init);
Result<> put_back_inotify(Agent& agent, const channel::Json& captured, const HostPids& pids,
                          Warnings& warnings);

// Numbers of the watches that end with their first event, out of /proc/PID/fdinfo/N.
std::vector<std::int32_t> parse_once(std::string_view fdinfo);

// As the module takes them; `events` as capture_inotify() tells them.
Result<std::vector<std::byte>> notify_records(const channel::Json& events);

}  // namespace nap::agent
