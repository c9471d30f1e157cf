// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/namespace_files.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "agent/check/processes/own_namespaces.hpp"

namespace nap::agent {

namespace {
constexpr std::array<std::string_view, 8> kKinds = {"user", "net", "uts",    "ipc",
                                                    "mnt",  "pid", "cgroup", "time"};
}

std::optional<std::string_view> namespace_kind(std::string_view link) {
    const auto end = link.find(":[");
    if (end == std::string_view::npos) return std::nullopt;
    const auto* kind = std::ranges::find(kKinds, link.substr(0, end));
    return kind == kKinds.end() ? std::nullopt : std::optional(*kind);
}

std::optional<Finding> judge_namespace(std::string_view kind, ino_t inode) {
    const std::string which(kind);
    if (kind == "user") {
        if (namespace_inode(::getpid(), "user") == inode) return std::nullopt;
        return Finding{"a user namespace held open",
                       "Processes in it are carried over, but no descriptor of it.",
                       "Let the program close it."};
    }
    for (const Task& task : list_tasks())
        if (namespace_inode(task.host_pid, which.c_str()) == inode) return std::nullopt;
    return Finding{"a namespace of no process, held open (" + which + ")",
                   "A namespace is carried over with the processes in it.",
                   "Let the program close it, or a process stay in it."};
}

}  // namespace nap::agent
