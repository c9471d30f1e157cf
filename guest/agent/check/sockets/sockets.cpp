// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/sockets/sockets.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <linux/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

constexpr int kTries = 10;
constexpr std::chrono::milliseconds kPause{50};

int option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

std::optional<Finding> judge_tcp_now(int fd) {
    tcp_info information{};
    socklen_t size = sizeof information;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &information, &size) != 0) return std::nullopt;
    return judge_tcp(information.tcpi_state);
}

// What filters or transforms a socket's data, and cannot be read back.
std::optional<Finding> judge_attached(int fd, bool tcp) {
    socklen_t size = 0;
    if (::getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &size) != 0 && errno == EACCES)
        return Finding{"a socket with an attached BPF program (SO_ATTACH_BPF)",
                       "The program cannot be read back from the kernel; classic filters can.",
                       "Stop the program, or let it attach a classic filter."};
    if (option(fd, SOL_SOCKET, SO_RESERVE_MEM) != 0)
        return Finding{"a socket with memory reserved for it (SO_RESERVE_MEM)",
                       "It belongs to a control group, in which sockets cannot be recreated.",
                       "Stop the program, or let it reserve none."};
    std::array<char, 16> protocol{};
    size = protocol.size();
    if (tcp && ::getsockopt(fd, IPPROTO_TCP, TCP_ULP, protocol.data(), &size) == 0 && size > 0)
        return Finding{
            "a TCP connection with a protocol in the kernel (" + std::string(protocol.data()) + ")",
            "Its keys and half sent records cannot be carried over.",
            "Let the program do without kernel TLS, or stop it."};
    return std::nullopt;
}

std::optional<Finding> judge_udp(int fd) {
    int unsent = 0;
    if (option(fd, IPPROTO_UDP, UDP_CORK) == 0 || ::ioctl(fd, SIOCOUTQ, &unsent) != 0 || unsent == 0)
        return std::nullopt;
    return Finding{"a UDP socket with a datagram half written (UDP_CORK)", "It cannot be read back.",
                   "Try again; else stop the program."};
}

// Where a file lies now, as the kernel says.
std::string place_of(int file) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error).string();
}

// Whether this path, in the root of that process, leads to the file.
bool leads_to(const std::string& path, pid_t host_pid, int file) {
    const UniqueFd root(
        ::open(("/proc/" + std::to_string(host_pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    const UniqueFd found(
        static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
    struct stat there {
    }, bound{};
    return found && ::fstat(found.get(), &there) == 0 && ::fstat(file, &bound) == 0 &&
           there.st_dev == bound.st_dev && there.st_ino == bound.st_ino;
}

// It may have been bound by somebody with another root, and handed on.
bool was_moved(const std::string& bound, pid_t host_pid, int file) {
    if (!bound.starts_with('/') || leads_to(bound, host_pid, file)) return false;
    const auto init = find_init();
    return !init || !leads_to(bound, init->host_pid, file);
}

std::optional<Finding> judge_unix(int fd, pid_t host_pid) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || size <= sizeof(sa_family_t) ||
        address.sun_path[0] == '\0')
        return std::nullopt;
    const UniqueFd file(::ioctl(fd, SIOCUNIXFILE));
    if (!file) return std::nullopt;
    const std::string bound(address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path)),
        place = place_of(file.get());
    if (is_gone(place) || (!was_renamed(bound, place) && !was_moved(bound, host_pid, file.get())))
        return std::nullopt;
    return Finding{"a unix socket whose file was renamed, or moved, since it was bound",
                   "It can only be made again under the name to which it was bound.",
                   "Let the program bind it under the name it is to have, and restart it."};
}

// A server accepts: only what lasts is told.
std::optional<Finding> lasting(std::optional<Finding> (*judge)(int), int fd) {
    auto finding = judge(fd);
    for (int tries = 1; finding && tries < kTries; ++tries) {
        std::this_thread::sleep_for(kPause);
        finding = judge(fd);
    }
    return finding;
}

}  // namespace

bool is_gone(std::string_view now) {
    return now.empty() || now.ends_with(" (deleted)");
}

bool was_renamed(std::string_view bound, std::string_view now) {
    // It may be relative, or to another root
    while (bound.starts_with("./")) bound.remove_prefix(2);
    const auto name = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
    return name(bound) != name(now);
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

std::optional<Finding> judge_tcp(int state) {
    switch (state) {
        case TCP_LISTEN:
        case TCP_ESTABLISHED:
        case TCP_FIN_WAIT1:
        case TCP_FIN_WAIT2:
        case TCP_CLOSE_WAIT:
        case TCP_LAST_ACK:
        case TCP_CLOSING:
        case TCP_SYN_SENT:
        case TCP_CLOSE:
            return std::nullopt;
        default:
            return Finding{"a TCP connection half open (state " + std::to_string(state) + ")",
                           "It cannot be carried over in this state.", "Try again."};
    }
}

std::optional<Finding> judge_socket_descriptor(int fd, pid_t host_pid) {
    const int domain = option(fd, SOL_SOCKET, SO_DOMAIN), type = option(fd, SOL_SOCKET, SO_TYPE),
              protocol = option(fd, SOL_SOCKET, SO_PROTOCOL);
    if (auto finding = judge_socket(domain, type, protocol)) return finding;
    if (auto finding = judge_attached(fd, protocol == IPPROTO_TCP && type == SOCK_STREAM)) return finding;
    if (domain == AF_UNIX) return judge_unix(fd, host_pid);
    if (domain != AF_INET && domain != AF_INET6) return std::nullopt;
    if (protocol == IPPROTO_TCP && type == SOCK_STREAM) return lasting(judge_tcp_now, fd);
    if (protocol == IPPROTO_UDP && type == SOCK_DGRAM) return judge_udp(fd);
    return std::nullopt;
}

}  // namespace nap::agent
