// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/own_namespaces.hpp"

#include <sys/stat.h>

#include <array>
#include <string>

namespace nap::agent {

namespace {

struct Kind {
    const char *name, *what, *advice;
};
constexpr std::array kKinds = {
    Kind{"net", "a network namespace of its own", "Stop the container, or give it the machine's network."},
    Kind{"cgroup", "a control group namespace of its own", "Stop the container."},
    Kind{"time", "a time namespace of its own", "Stop the container."},
    Kind{"time_for_children", "a time namespace of its own for its children", "Stop the container."},
};
constexpr std::array kOfThreads = {"user", "net", "uts", "ipc", "mnt", "cgroup"};

// Until its first process is born the namespace cannot be looked at; nor can that of a process that has
// ended, which has no other ones left either.
bool children_have_their_own(const Task& task) {
    const ino_t own = namespace_inode(task.host_pid, "pid"),
                children = namespace_inode(task.host_pid, "pid_for_children");
    return own != 0 && children != own && namespace_inode(task.host_pid, "uts") != 0;
}

}  // namespace

ino_t namespace_inode(pid_t host_pid, const char* which) {
    struct stat information {};
    const std::string path = "/proc/" + std::to_string(host_pid) + "/ns/" + which;
    return ::stat(path.c_str(), &information) == 0 ? information.st_ino : 0;
}

NamespaceInodes namespaces_of(pid_t host_pid) {
    NamespaceInodes inodes{};
    static_assert(std::tuple_size_v<NamespaceInodes> == kKinds.size());
    for (std::size_t i = 0; i < kKinds.size(); ++i) inodes[i] = namespace_inode(host_pid, kKinds[i].name);
    return inodes;
}

void find_own_namespaces(const Task& task, const NamespaceInodes& shared, Obstacles& obstacles) {
    if (task.depth > 1)
        add(obstacles, task,
            {"a nested PID namespace", "The machine's own PID namespace is carried over only.",
             "Stop the container."});
    else if (children_have_their_own(task))
        add(obstacles, task,
            {"a PID namespace of its own for its children", "Nested PID namespaces cannot be carried over.",
             "Stop the container."});
    const auto own = namespaces_of(task.host_pid);
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (own[i] == 0 || shared[i] == 0 || own[i] == shared[i]) continue;
        add(obstacles, task,
            {kKinds[i].what, "Nested namespaces of this kind cannot be carried over.", kKinds[i].advice});
    }
}

void find_threads_namespaces(const Task& task, pid_t host_tid, Obstacles& obstacles) {
    for (const char* kind : kOfThreads) {
        const ino_t own = namespace_inode(host_tid, kind), process = namespace_inode(task.host_pid, kind);
        if (own != 0 && process != 0 && own != process)
            add(obstacles, task,
                {std::string("a thread in a namespace of its own (") + kind + ")",
                 "All threads of a process are carried over into the namespaces of the process.",
                 "Let a process of its own do that work, or stop the program."});
    }
}

}  // namespace nap::agent
