// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/mounts.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "agent/check/processes/own_namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

// What CRIU mounts again: every kernel of Nap's has it built in, or its module goes over.
constexpr std::array kCarried = {"proc",    "sysfs",   "tmpfs",  "devtmpfs",   "devpts",
                                 "cgroup",  "cgroup2", "mqueue", "securityfs", "debugfs",
                                 "tracefs", "pstore",  "ramfs",  "fusectl"};
// Likewise, but without what is in them.
constexpr std::array kCarriedEmpty = {"hugetlbfs", "bpf", "configfs", "binfmt_misc"};
// Which are not empty, then: the kernel's own files of binfmt_misc.
constexpr std::array kAlwaysThere = {"register", "status"};

// Blanks and backslashes are written in octal there: "\040".
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 3 < text.size()) {
            plain += static_cast<char>(std::strtol(std::string(text.substr(at + 1, 3)).c_str(), nullptr, 8));
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

bool lies_below(std::string_view path, std::string_view folder) {
    if (folder == "/" || path == folder) return true;
    return path.starts_with(folder) && path.substr(folder.size()).starts_with("/");
}

}  // namespace

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    std::istringstream lines{std::string(mountinfo)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        Mount mount;
        std::string word;
        if (!(fields >> mount.id >> mount.parent >> mount.device >> mount.root >> mount.target)) continue;
        while (fields >> word && word != "-") {
        }
        if (!(fields >> mount.type)) continue;
        mount.root = unescape(mount.root);
        mount.target = unescape(mount.target);
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

namespace {

// CRIU makes it again, as a file system with another device number: systemd asks for it by the number it had.
// That of binfmt_misc, which any Debian with systemd has, is used once, when the machine starts.
Finding judge_automount(const Mount& mount) {
    const std::string unit = "\"$(systemd-escape -p --suffix=automount " + mount.target + ")\"";
    const bool used_once = mount.target == "/proc/sys/fs/binfmt_misc";
    return {"an automount at " + mount.target,
            "systemd knows it by its device number, which changes: at its next use it fails.",
            used_once ? "Should it be needed again: systemctl restart " + unit + " after the update."
                      : "Stop its unit before the update: systemctl stop " + unit + ".",
            used_once};
}

}  // namespace

std::optional<Finding> judge_mount(const Mount& mount, const std::vector<Mount>& all, const Mount& root) {
    if (mount.device == root.device && lies_below(mount.root, root.root)) return std::nullopt;
    const bool carried = std::ranges::find(kCarried, mount.type) != kCarried.end();
    if (mount.type == "autofs") return judge_automount(mount);
    if (mount.type == "binfmt_misc")
        return Finding{"programs that binfmt_misc starts by an interpreter",
                       "What is registered there is not carried over yet.",
                       "After the update: systemctl restart systemd-binfmt.", true};
    if (!carried)
        return Finding{"a file system of type " + mount.type + " at " + mount.target,
                       "It cannot be mounted again as it was.", "Unmount it: umount " + mount.target + "."};
    const auto is_whole = [&](const Mount& other) {
        return other.device == mount.device && lies_below(mount.root, other.root) && other.root == "/";
    };
    if (mount.type != "cgroup2" && mount.type != "cgroup" && std::ranges::none_of(all, is_whole))
        return Finding{"a part of a file system at " + mount.target + ", whose root is mounted nowhere",
                       "What is not within it could not be found again.",
                       "Unmount it: umount " + mount.target + "."};
    return std::nullopt;
}

bool is_hidden(const Mount& mount, const std::vector<Mount>& all) {
    for (const Mount& other : all) {
        if (other.id == mount.id || other.target == "/") continue;
        const bool on_top = other.parent == mount.id && other.target == mount.target;
        const bool beside = other.parent == mount.parent && lies_below(mount.target, other.target) &&
                            (other.target != mount.target || other.id > mount.id);
        if (on_top || beside) return true;
    }
    const auto parent = std::ranges::find(all, mount.parent, &Mount::id);
    if (parent == all.end() || parent->id == mount.id) return false;
    // A mount upon its parent's own mount point hides the parent, not itself.
    const bool upon_parent = mount.target == parent->target;
    return !upon_parent && is_hidden(*parent, all);
}

namespace {

bool is_empty(const std::string& place) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(place, error), end; !error && entry != end;
         entry.increment(error))
        if (std::ranges::find(kAlwaysThere, entry->path().filename()) == kAlwaysThere.end()) return false;
    return !error;
}

// One that is hidden cannot be looked into.
bool is_carried_empty(const Mount& mount, pid_t host_pid) {
    if (std::ranges::find(kCarriedEmpty, mount.type) == kCarriedEmpty.end() || mount.root != "/")
        return false;
    const std::string place = "/proc/" + std::to_string(host_pid) + "/root" + mount.target;
    struct stat there {};
    return ::stat(place.c_str(), &there) == 0 &&
           mount.device == std::to_string(major(there.st_dev)) + ":" + std::to_string(minor(there.st_dev)) &&
           is_empty(place);
}

}  // namespace

MountTable MountTable::read(const std::vector<Task>& tasks) {
    MountTable table;
    std::set<ino_t> seen;
    for (const Task& task : tasks) {
        const ino_t inode = namespace_inode(task.host_pid, "mnt");
        if (inode == 0 || !seen.insert(inode).second) continue;
        auto content = read_file("/proc/" + std::to_string(task.host_pid) + "/mountinfo");
        if (!content) {
            seen.erase(inode);  // it has ended; another task may tell
            continue;
        }
        table.add(parse_mounts(*content), task.host_pid);
    }
    return table;
}

void MountTable::add(std::vector<Mount> mounts, pid_t host_pid) {
    for (const Mount& mount : mounts)
        places_[mount.id] = is_hidden(mount, mounts) ? Place::hidden : Place::visible;
    namespaces_.push_back({host_pid, std::move(mounts)});
}

Place MountTable::place_of(int mount_id) const {
    const auto found = places_.find(mount_id);
    return found == places_.end() ? Place::detached : found->second;
}

std::string MountTable::type_of(std::string_view device) const {
    for (const auto& [host_pid, mounts] : namespaces_)
        if (const auto found = std::ranges::find(mounts, device, &Mount::device); found != mounts.end())
            return found->type;
    return "";
}

void MountTable::find_obstacles(Obstacles& obstacles) const {
    if (namespaces_.empty()) return;
    const auto& machine = namespaces_.front().mounts;
    const auto root = std::ranges::find(machine, "/", &Mount::target);
    if (root == machine.end()) return;
    std::set<std::string> named, empty;  // by device: one may be hidden here and not there
    for (const auto& [host_pid, mounts] : namespaces_)
        for (const Mount& mount : mounts)
            if (is_carried_empty(mount, host_pid)) empty.insert(mount.device);
    for (const auto& [host_pid, mounts] : namespaces_)
        for (const Mount& mount : mounts) {
            if (empty.contains(mount.device)) continue;
            auto finding = judge_mount(mount, mounts, *root);
            if (finding && named.insert(finding->what).second)
                obstacles.push_back({0, "", std::move(*finding)});
        }
}

}  // namespace nap::agent
