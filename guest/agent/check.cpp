// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check.hpp"

#include <sys/stat.h>

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "agent/address_spaces.hpp"
#include "agent/obstacle.hpp"
#include "agent/open_files.hpp"
#include "agent/tasks.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

void find_in_status(const Task& task, Obstacles& obstacles) {
    auto add = [&](std::string what, std::string why, std::string advice) {
        obstacles.push_back({task.pid, task.name, std::move(what), std::move(why), std::move(advice)});
    };
    if (task.tracer != 0)
        add("a debugger or tracer attached", "A process can be traced by one other only, and CRIU needs to.",
            "Detach it (strace, gdb) before the update.");
    if (task.huge_kib != 0)
        add("hugetlbfs pages", "They cannot be carried over yet.",
            "Let the program use transparent huge pages instead.");
    if (task.swapped_kib != 0)
        add("swapped-out memory", "The swap space is not carried over yet.", "Turn swap off (swapoff -a).");
    if (task.depth > 1)
        add("a nested PID namespace", "CRIU carries over the machine's own only.", "Stop the container.");
}

ino_t namespace_inode(pid_t host_pid, const char* which) {
    struct stat information {};
    const std::string path = "/proc/" + std::to_string(host_pid) + "/ns/" + which;
    return ::stat(path.c_str(), &information) == 0 ? information.st_ino : 0;
}

void find_in_namespaces(const Task& task, const Task& init, Obstacles& obstacles) {
    struct Kind {
        const char *name, *what, *advice;
    };
    static constexpr std::array kKinds = {
        Kind{"user", "a user namespace of its own", "Stop the sandbox or container."},
        Kind{"net", "a network namespace of its own",
             "Stop the container, or give it the machine's network."},
        Kind{"uts", "a host name of its own (UTS namespace)",
             "systemd: set ProtectHostname=no for this service."},
        Kind{"ipc", "an IPC namespace of its own", "Stop the container, or let it share the machine's."},
    };
    for (const auto& kind : kKinds) {
        const ino_t own = namespace_inode(task.host_pid, kind.name),
                    shared = namespace_inode(init.host_pid, kind.name);
        if (own != 0 && shared != 0 && own != shared)
            obstacles.push_back({task.pid, task.name, kind.what,
                                 "Nested namespaces of this kind cannot be carried over.", kind.advice});
    }
}

void find_in_mounts(const Task& init, Obstacles& obstacles) {
    static constexpr std::array kTypes = {"hugetlbfs", "mqueue", "debugfs", "tracefs", "bpf",
                                          "nfs",       "nfs4",   "cifs",    "9p",      "rpc_pipefs"};
    auto content = read_file("/proc/" + std::to_string(init.host_pid) + "/mountinfo");
    if (!content) return;
    std::istringstream lines(*content);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string skipped, target, type;
        fields >> skipped >> skipped >> skipped >> skipped >> target;
        while (fields >> skipped && skipped != "-") {
        }
        fields >> type;
        bool unsupported = type == "fuse" || type.starts_with("fuse.");
        for (const char* known : kTypes) unsupported = unsupported || type == known;
        if (unsupported)
            obstacles.push_back({0, "", "a file system of type " + type + " at " + target,
                                 "CRIU cannot mount it again as it was.",
                                 "Unmount it: umount " + target + "."});
    }
}

Json to_json(const Obstacles& obstacles) {
    Json list = Json::array();
    for (const auto& [pid, name, what, why, advice] : obstacles)
        list.push_back({{"pid", pid}, {"name", name}, {"what", what}, {"why", why}, {"advice", advice}});
    return list;
}

}  // namespace

Result<Json> check(Agent& agent, const Json&, Call&) {
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    Obstacles obstacles;
    if (const int sessions = agent.exec_sessions; sessions > 0)
        obstacles.push_back({0, "", std::to_string(sessions) + " command(s) of nap exec",
                             "They end at a terminal outside of the machine.", "Let them end, or end them."});
    const std::vector<Task> tasks = list_tasks();
    for (const Task& task : tasks) {
        if (task.state == 'Z' || task.state == 'X') continue;
        find_in_status(task, obstacles);
        find_in_namespaces(task, *init, obstacles);
        find_in_open_files(task, obstacles);
    }
    find_shared_address_spaces(tasks, obstacles);
    find_in_mounts(*init, obstacles);
    return Json{{"obstacles", to_json(obstacles)}};
}

}  // namespace nap::agent
