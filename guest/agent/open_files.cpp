// SPDX-License-Identifier: GPL-2.0-only
#include "agent/open_files.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "base/units.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kGhostLimit = 64 * kMiB;  // as in the dump's --ghost-limit

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
    LinkKind{"/dmabuf:", "a DMA buffer", "Stop the program that uses the device before the update."},
};

struct Number {
    unsigned major, first, last;
};
// /dev/null, zero, full, random, urandom, kmsg; tty and ptmx; the slaves of ptys.
constexpr std::array kHarmlessDevices = {Number{1, 3, 3},    Number{1, 5, 5}, Number{1, 7, 9},
                                         Number{1, 11, 11},  Number{5, 0, 0}, Number{5, 2, 2},
                                         Number{136, 0, ~0U}};
constexpr unsigned kLastPtyMajor = 143;

std::optional<Finding> judge_descriptor(int fd, std::string_view link) {
    struct stat information {};
    if (::fstat(fd, &information) != 0) return std::nullopt;
    if (S_ISSOCK(information.st_mode)) {
        int domain = 0, type = 0, protocol = 0;
        socklen_t size = sizeof domain;
        ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
        ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
        ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
        return judge_socket(domain, type, protocol);
    }
    if (S_ISCHR(information.st_mode) || S_ISBLK(information.st_mode))
        return judge_device(S_ISCHR(information.st_mode), major(information.st_rdev),
                            minor(information.st_rdev));
    if (S_ISREG(information.st_mode) && information.st_nlink == 0 && !link.starts_with("/memfd:") &&
        static_cast<std::uint64_t>(information.st_blocks) * 512 > kGhostLimit)
        return Finding{"a deleted file of " + std::to_string(information.st_size) + " bytes, still open (" +
                           std::string(link) + ")",
                       "Deleted files are copied during the update, up to 64 MiB each.",
                       "Let the program close or truncate the file."};
    return std::nullopt;
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

std::optional<Finding> judge_socket(int domain, int type, int protocol) {
    switch (domain) {
        case AF_UNSPEC:  // it could not be asked
        case AF_UNIX:
        case AF_NETLINK:
        case AF_PACKET:
            return std::nullopt;
        case AF_INET:
        case AF_INET6:
            if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
                type == SOCK_RAW)
                return std::nullopt;
            break;
        default:
            break;
    }
    return Finding{"a socket of domain " + std::to_string(domain) + ", protocol " + std::to_string(protocol),
                   "Only unix, TCP, UDP, raw, packet and netlink sockets can be carried over.",
                   "Stop the program, or let it use one of these."};
}

std::optional<Finding> judge_device(bool character, unsigned major, unsigned minor) {
    if (character)
        for (const auto& device : kHarmlessDevices) {
            const bool same =
                device.major == 136 ? major >= 136 && major <= kLastPtyMajor : major == device.major;
            if (same && minor >= device.first && minor <= device.last) return std::nullopt;
        }
    return Finding{std::string("an open ") + (character ? "character" : "block") + " device " +
                       std::to_string(major) + ":" + std::to_string(minor),
                   "The state of its driver is lost with the older kernel.",
                   "Stop the program that uses the device before the update."};
}

void find_in_open_files(const Task& task, Obstacles& obstacles) {
    const fs::path folder = "/proc/" + std::to_string(task.host_pid) + "/fd";
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, task.host_pid, 0)));
    if (!process) return;  // it has ended
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        std::error_code gone;
        const std::string link = fs::read_symlink(entry.path(), gone);
        if (gone) continue;
        auto finding = judge_link(link);
        if (!finding && (link.starts_with("socket:") || link.starts_with("/"))) {
            int number = -1;
            const std::string name = entry.path().filename();
            std::from_chars(name.data(), name.data() + name.size(), number);
            const UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
            if (copy) finding = judge_descriptor(copy.get(), link);
        }
        if (finding) obstacles.push_back({task.pid, task.name, finding->what, finding->why, finding->advice});
    }
}

}  // namespace nap::agent
