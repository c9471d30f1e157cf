// SPDX-License-Identifier: GPL-2.0-only
// The control groups made inside the machine: their tree, controllers, owners, settings and members. CRIU is
// told to ignore them: it knows of none outside of the machine's mounts, and writes limits before the memory
// is there.
#pragma once

#include <map>

#include "agent/carried/groups_seen.hpp"
#include "agent/carried/part.hpp"

namespace nap::agent {

// What a fresh group has, from which all others are told to differ; recorded while the kernel has no
// userland.
Result<> record_fresh_group();

// control-groups.json: {"groups": [{path, controllers, settings {}, attributes {}, owners {}, members []}]},
// the userland's own first, its path empty; pids as the machine has them.
// Most of it may be looked at beforehand, while the userland runs: in the pause only what has changed since
// is.
Result<> look_at_control_groups(Agent& agent);
Result<channel::Json> capture_control_groups(Agent& agent, const Task& init);
// The tree with its controllers, owners and attributes.
Result<> make_control_groups(Agent& agent, const channel::Json& captured, Warnings& warnings);
// Limits and other settings, once the memory is there and charged; last of all, what is frozen.
Result<> set_control_groups(Agent& agent, const channel::Json& captured, const HostPids& pids,
                            Warnings& warnings);

// Where a process belongs: the path of a group's folder, the userland's for those that are not named.
class Membership {
  public:
    static Result<Membership> read(const std::filesystem::path& images);
    [[nodiscard]] std::filesystem::path group_of(std::int32_t pid) const;

  private:
    std::map<std::int32_t, std::filesystem::path> groups_;
};

}  // namespace nap::agent
