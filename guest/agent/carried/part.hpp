// SPDX-License-Identifier: GPL-2.0-only
// Part: a part of the essential contexts that the agent carries itself, since CRIU does not. It travels as a
// file of its own among CRIU's images, nap-NAME.cbor, and is put back before or after the processes are
// recreated.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/calls/agent.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/contexts/step_times.hpp"
#include "agent/userland/tasks.hpp"
#include "channel/json.hpp"

namespace nap::agent {

using Warnings = std::vector<std::string>;  // one sentence each: what could not be put back, and why

struct Part {
    std::string_view name;
    // Older kernel, the userland frozen, before CRIU dumps it. An error ends the update.
    Result<channel::Json> (*capture)(Agent&, const Task& init);
    // Newer kernel, before CRIU recreates the processes: what their state depends on. May be null.
    Result<> (*before_tasks)(Agent&, const channel::Json& captured, Warnings&);
    // Newer kernel: the processes are there, with their memory, frozen, and CRIU is gone. May be null.
    Result<> (*after_tasks)(Agent&, const channel::Json& captured, const HostPids&, Warnings&);
    // Newer kernel: all connections are there, and nothing passes the network yet. May be null.
    Result<> (*before_network)(Agent&, const channel::Json& captured, Warnings&) = nullptr;
};

// In the order in which they are captured and put back.
std::span<const Part> parts();

// Into files of `images`. Each part is a step of `times`.
Result<> capture_parts(Agent& agent, const Task& init, const std::filesystem::path& images, StepTimes& times);
Result<> put_back_before_tasks(Agent& agent, const std::filesystem::path& images, Warnings& warnings,
                               StepTimes& times);
Result<> put_back_before_network(Agent& agent, const std::filesystem::path& images, Warnings& warnings,
                                 StepTimes& times);
Result<> put_back_after_tasks(Agent& agent, const std::filesystem::path& images, const HostPids& pids,
                              Warnings& warnings, StepTimes& times);

}  // namespace nap::agent
