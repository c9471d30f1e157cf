// SPDX-License-Identifier: GPL-2.0-only
// Mounts of the userland's mount namespaces, and which of them CRIU cannot make again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

struct Mount {
    int id = 0, parent = 0;
    std::string device;        // "254:1"
    std::string root, target;  // of the file system, in the namespace
    std::string type;
};

// /proc/PID/mountinfo.
std::vector<Mount> parse_mounts(std::string_view mountinfo);

// `all`: the namespace's. `root`: that of the machine's init.
std::optional<Finding> judge_mount(const Mount& mount, const std::vector<Mount>& all, const Mount& root);

// Another mount lies over it, so that its files have no path.
bool is_hidden(const Mount& mount, const std::vector<Mount>& all);

enum class Place { visible, hidden, detached };  // of an open file's mount

class MountTable {
  public:
    // The mounts of each namespace that some task is in. Tasks by ascending pid: init's is the first.
    static MountTable read(const std::vector<Task>& tasks);
    void add(std::vector<Mount> mounts, pid_t host_pid = 0);  // of a namespace, and of a task in it

    [[nodiscard]] Place place_of(int mount_id) const;
    // Of the file system on that device; empty where it is not mounted.
    [[nodiscard]] std::string type_of(std::string_view device) const;
    void find_obstacles(Obstacles& obstacles) const;

  private:
    struct Namespace {
        pid_t host_pid;  // of a task in it
        std::vector<Mount> mounts;
    };
    std::vector<Namespace> namespaces_;
    std::map<int, Place> places_;
};

}  // namespace nap::agent
