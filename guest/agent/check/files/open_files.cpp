// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/open_files.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>

#include "agent/check/files/deleted_files.hpp"
#include "agent/check/files/namespace_files.hpp"
#include "agent/check/files/watches.hpp"
#include "agent/check/sockets/sockets.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace {

struct LinkKind {
    std::string_view prefix, what, advice;
};
constexpr std::array kUnsupportedLinks = {
    LinkKind{"anon_inode:[io_uring]", "an io_uring instance",
             "Let the program use epoll or threads instead."},
    LinkKind{"anon_inode:[perf_event]", "a perf event", "Stop the profiler for the time of the update."},
    LinkKind{"anon_inode:bpf", "a BPF object",
             "Let the program run without BPF (systemd: no IPAddressDeny= and the like)."},
    LinkKind{"anon_inode:[userfaultfd]", "a userfaultfd", "Turn userfaultfd off in the program."},
    LinkKind{"anon_inode:seccomp notify", "a seccomp listener",
             "Stop the supervising program for the time of the update."},
    LinkKind{"anon_inode:kvm", "a virtual machine", "Stop the virtual machine before the update."},
    LinkKind{"anon_inode:[vfio", "a passed-through device",
             "Stop the program that uses the device before the update."},
    LinkKind{"anon_inode:[fscontext]", "a half-made mount", "Try again when the mount is done."},
    LinkKind{"anon_inode:[landlock-ruleset]", "a Landlock rule set",
             "Let the program close it once the rules are in force."},
    LinkKind{"/secretmem", "secret memory (memfd_secret)", "Stop the program before the update."},
    LinkKind{"/dmabuf:", "a DMA buffer", "Stop the program that uses the device before the update."},
};

struct Number {
    unsigned major, first, last;
};
// /dev/null, zero, full, random, urandom, kmsg; virtual terminals and serial lines; tty, console and ptmx;
// autofs; the slaves of ptys.
constexpr std::array kHarmlessDevices = {Number{1, 3, 3},      Number{1, 5, 5},    Number{1, 7, 9},
                                         Number{1, 11, 11},    Number{4, 0, ~0U},  Number{5, 0, 2},
                                         Number{10, 235, 235}, Number{136, 0, ~0U}};
constexpr Number kInput = {13, 64, 95};  // /dev/input/event*
constexpr unsigned kLastPtyMajor = 143;

constexpr unsigned long kQueueFileSystem = 0x19800202;  // MQUEUE_MAGIC of the kernel's ipc/mqueue.c

// A folder of /proc whose process has ended.
bool is_of_nobody(int fd) {
    const std::string place = "/proc/self/fd/" + std::to_string(fd);
    const UniqueFd again(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return !again && errno == ESRCH;
}

// The file behind a descriptor of the agent's own, whatever it was opened from.
std::optional<Finding> judge_file(int fd, std::string_view path, const MountTable& mounts) {
    struct stat information {};
    if (::fstat(fd, &information) != 0) return std::nullopt;
    if (S_ISCHR(information.st_mode) || S_ISBLK(information.st_mode))
        return judge_device(S_ISCHR(information.st_mode), major(information.st_rdev),
                            minor(information.st_rdev));
    struct statfs file_system {};
    // Message queues are recreated from the kernel's memory, whatever their mount.
    if (::fstatfs(fd, &file_system) == 0 &&
        static_cast<unsigned long>(file_system.f_type) == kQueueFileSystem)
        return std::nullopt;
    if (S_ISDIR(information.st_mode) && static_cast<unsigned long>(file_system.f_type) == PROC_SUPER_MAGIC &&
        is_of_nobody(fd))
        return Finding{"an open folder of /proc, of a process that has ended (" + std::string(path) + ")",
                       "It is there no more, and cannot be opened again.", "Let the program close it."};
    if (is_deleted(path) && !on_root_disk(information))
        if (auto finding = judge_deleted(path, information)) return finding;
    if (path.starts_with("/memfd:") || path.starts_with("/anon_hugepage")) {
        if (static_cast<unsigned long>(file_system.f_type) == HUGETLBFS_MAGIC)
            return Finding{"a file of huge pages (hugetlbfs)", "It cannot be carried over yet.",
                           "Let the program use transparent huge pages instead."};
        return std::nullopt;
    }
    auto fdinfo = read_file("/proc/self/fdinfo/" + std::to_string(fd));
    const auto mount = fdinfo ? parse_mount_id(*fdinfo) : std::nullopt;
    return mount ? judge_place(path, mounts.place_of(*mount)) : std::nullopt;
}

// Where a descriptor of ours leads to, as its number says in the folder of ours.
std::string path_of(int fd) {
    static const auto folder = open_file("/proc/self/fd", O_PATH | O_DIRECTORY);
    std::array<char, PATH_MAX> path;
    if (!folder) return "";
    const auto size = ::readlinkat(folder->get(), std::to_string(fd).c_str(), path.data(), path.size());
    return {path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

// Files of one inode for all that has none of its own: only the text tells what they are.
void find_in_kernel_object(const Task& task, const Descriptors::Open& open, Surroundings& surroundings,
                           Obstacles& obstacles) {
    const std::string text = path_of(open.copy.get());
    if (text == "anon_inode:[eventpoll]") surroundings.epolls.find_in(task, open.number, obstacles);
    if (text == "anon_inode:inotify") find_in_watches(task, open.number, surroundings.mounts, obstacles);
    if (auto finding = judge_link(text)) add(obstacles, task, std::move(*finding));
}

std::optional<Finding> judge_new_file(const Task& task, int fd, const FileId& id, const MountTable& mounts) {
    if (S_ISSOCK(id.mode)) return judge_socket_descriptor(fd, task.host_pid);
    const std::string path = path_of(fd);
    if (auto finding = judge_link(path)) return finding;
    if (const auto kind = namespace_kind(path)) return judge_namespace(*kind, id.inode);
    return path.starts_with("/") ? judge_file(fd, path, mounts) : std::nullopt;
}

void find_in_file(const Task& task, int fd, const FileId& id, Surroundings& surroundings,
                  Obstacles& obstacles) {
    if (surroundings.harmless.contains(id)) return;
    auto known = surroundings.refused.find(id);
    if (known == surroundings.refused.end()) {
        auto finding = judge_new_file(task, fd, id, surroundings.mounts);
        if (!finding) {
            surroundings.harmless.insert(id);
            return;
        }
        known = surroundings.refused.emplace(id, *std::move(finding)).first;
    }
    add(obstacles, task, known->second, id.inode);
}

void find_in_descriptor(const Task& task, const Descriptors::Open& open, Surroundings& surroundings,
                        Obstacles& obstacles) {
    const auto id = file_id(open.copy.get());
    if (!id) return;
    if ((id->mode & S_IFMT) == 0) return find_in_kernel_object(task, open, surroundings, obstacles);
    if (S_ISFIFO(id->mode) && in_no_folder(*id)) return;
    find_in_file(task, open.copy.get(), *id, surroundings, obstacles);
}

// What CRIU opens in a process at once: its socket, its log, a folder and a file of /proc.
constexpr rlim_t kOpenedByDump = 4;

rlim_t limit_of(const Task& task) {
    rlimit limit{};
    return ::prlimit(task.host_pid, RLIMIT_NOFILE, nullptr, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

Finding too_many_open(rlim_t limit) {
    return {"as many open files as it may have (RLIMIT_NOFILE " + std::to_string(limit) + ")",
            "To read its state a few more have to be opened in it.",
            "Raise its limit (prlimit --nofile), or let it close some."};
}

}  // namespace

std::optional<Finding> judge_link(std::string_view link) {
    for (const auto& kind : kUnsupportedLinks)
        if (link.starts_with(kind.prefix))
            return Finding{std::string(kind.what),
                           "Its state lies in the kernel, which does not give it out.",
                           std::string(kind.advice)};
    return std::nullopt;
}

std::optional<Finding> judge_device(bool character, unsigned major, unsigned minor) {
    if (character)
        for (const auto& device : kHarmlessDevices) {
            const bool same =
                device.major == 136 ? major >= 136 && major <= kLastPtyMajor : major == device.major;
            if (same && minor >= device.first && minor <= device.last) return std::nullopt;
        }
    if (character && major == kInput.major && minor >= kInput.first && minor <= kInput.last)
        return Finding{
            "an open input device (event" + std::to_string(minor - kInput.first) + ")",
            "It is opened anew: which events it tells, by which clock, and whether others are kept "
            "from them is as it is at first.",
            "Nothing needs to be done for systemd-logind, which asks for fewer events than there are.", true};
    return Finding{std::string("an open ") + (character ? "character" : "block") + " device " +
                       std::to_string(major) + ":" + std::to_string(minor),
                   "The state of its driver is lost with the older kernel.",
                   "Stop the program that uses the device before the update."};
}

std::optional<Finding> judge_place(std::string_view path, Place place) {
    switch (place) {
        case Place::visible:
            return std::nullopt;
        case Place::hidden:
            return Finding{"an open file hidden by a later mount (" + std::string(path) + ")",
                           "No path leads to it, so it cannot be opened again.",
                           "Unmount what lies over it."};
        case Place::detached:
            return Finding{"an open file on a file system that was unmounted (" + std::string(path) + ")",
                           "No path leads to it, so it cannot be opened again.",
                           "Let the program close the file, or restart it."};
    }
    return std::nullopt;
}

std::optional<int> parse_mount_id(std::string_view fdinfo) {
    constexpr std::string_view kKey = "mnt_id:";
    const auto at = fdinfo.find(kKey);
    if (at == std::string_view::npos) return std::nullopt;
    return leading_number(fdinfo.substr(at + kKey.size()));
}

void find_in_open_files(const Task& task, Surroundings& surroundings, Obstacles& obstacles) {
    auto descriptors = Descriptors::of(task.host_pid);
    if (!descriptors) return;  // it has ended
    const rlim_t limit = limit_of(task);
    rlim_t below = 0;
    while (const auto open = descriptors->next()) {
        if (static_cast<rlim_t>(open->number) < limit) ++below;
        find_in_descriptor(task, *open, surroundings, obstacles);
    }
    if (limit < below + kOpenedByDump) add(obstacles, task, too_many_open(limit));
    const std::string folder = "/proc/" + std::to_string(task.host_pid);
    for (const char* which : {"/cwd", "/root"}) {
        const auto id = file_id_at(AT_FDCWD, (folder + which).c_str());
        if (!id) continue;
        if (surroundings.harmless.contains(*id)) continue;
        if (const auto directory = open_file(folder + which, O_PATH))
            find_in_file(task, directory->get(), *id, surroundings, obstacles);
    }
}

}  // namespace nap::agent
