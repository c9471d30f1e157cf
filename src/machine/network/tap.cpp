// SPDX-License-Identifier: GPL-2.0-only
// Opens queues of a tap interface, attaches and detaches them.
#include "machine/network/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "machine/network/tap_users.hpp"

namespace nap::machine {

namespace {

ifreq request_for(const std::string& interface) {
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

std::string described(const std::string& interface, const std::string& netns) {
    return "the tap interface " + interface + (netns.empty() ? "" : " in network namespace " + netns);
}

Result<> set_queue(int fd, int flag, std::string_view attempt) {
    ifreq request{};
    request.ifr_flags = static_cast<short>(flag);
    if (::ioctl(fd, TUNSETQUEUE, &request) != 0) return fail_errno(attempt);
    return {};
}

Result<> bring_up(const std::string& interface) {
    UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto request = request_for(interface);
    if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0)
        return fail_errno("cannot read the state of " + interface);
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno("cannot bring up " + interface);
    return {};
}

std::unexpected<Error> cannot_open(const std::string& interface, const std::string& netns, bool existed,
                                   int reason) {
    auto what = described(interface, netns);
    // A single-queue tap says EINVAL, or EBUSY where its only queue is taken; what is no tap says EINVAL
    if (existed && (reason == EINVAL || reason == EBUSY)) {
        auto prefix = netns.empty() ? std::string("ip") : "ip -n " + netns;
        return fail(ErrorKind::usage, "Cannot use " + what +
                                          ": it is no tap with multi_queue, or another program uses " +
                                          "it. Make it with: " + prefix + " tuntap add dev " + interface +
                                          " mode tap multi_queue");
    }
    return fail_errno("cannot open " + what, reason);
}

// In the network namespace the calling thread is in.
Result<UniqueFd> open_here(const std::string& interface, const std::string& netns, bool attached) {
    NAP_TRY(auto fd, open_file("/dev/net/tun", O_RDWR | O_NONBLOCK));
    bool existed = ::if_nametoindex(interface.c_str()) != 0;
    auto request = request_for(interface);
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return cannot_open(interface, netns, existed, errno);
    if (!attached) {
        NAP_CHECK(set_queue(fd.get(), IFF_DETACH_QUEUE, "cannot detach from " + described(interface, netns)));
    } else {
        NAP_TRY(auto users, attached_queues(interface));
        if (users > 1)
            return fail(ErrorKind::busy, "Cannot use " + described(interface, netns) +
                                             ": another machine or program uses it.");
    }
    if (!existed) NAP_CHECK(bring_up(interface));
    return fd;
}

Result<UniqueFd> open_in(const std::string& interface, const std::string& netns, bool attached) {
    auto path = "/run/netns/" + netns;
    auto target = open_file(path, O_RDONLY);
    if (!target)
        return fail(target.error().kind,
                    "There is no usable network namespace " + netns + ": " + target.error().message + ".");
    if (::setns(target->get(), CLONE_NEWNET) != 0)
        return fail_errno("cannot enter network namespace " + netns);
    return open_here(interface, netns, attached);
}

}  // namespace

Result<TapQueue> TapQueue::open(const std::string& interface, const std::string& netns, bool attached) {
    if (interface.empty() || interface.size() >= IFNAMSIZ)
        return fail(ErrorKind::usage, "The interface name '" + interface + "' must have 1 to 15 characters.");
    Result<UniqueFd> fd;
    if (netns.empty()) {
        fd = open_here(interface, netns, attached);
    } else {
        // A thread of its own: it takes the namespace with it when it ends
        std::thread([&] { fd = open_in(interface, netns, attached); }).join();
    }
    if (!fd) return std::unexpected(fd.error());
    return TapQueue(std::move(*fd), attached);
}

Result<TapQueue> TapQueue::take_from(pid_t pid, int number) {
    UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return fail_errno("cannot open process " + std::to_string(pid));
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    if (!fd) return fail_errno("cannot take the tap queue of process " + std::to_string(pid));
    ifreq request{};
    // A queue that is detached belongs to no interface, as far as this call goes
    bool attached = ::ioctl(fd.get(), TUNGETIFF, &request) == 0;
    if (!attached && errno != EBADFD)
        return fail(ErrorKind::protocol, "Descriptor " + std::to_string(number) + " of process " +
                                             std::to_string(pid) + " is no tap queue.");
    return TapQueue(std::move(fd), attached && (request.ifr_flags & IFF_DETACH_QUEUE) == 0);
}

Result<> TapQueue::attach() {
    if (attached_) return {};
    NAP_CHECK(set_queue(fd_.get(), IFF_ATTACH_QUEUE, "cannot attach the generation to its tap interface"));
    attached_ = true;
    return {};
}

Result<> TapQueue::detach() {
    if (!attached_) return {};
    NAP_CHECK(set_queue(fd_.get(), IFF_DETACH_QUEUE, "cannot detach the generation from its tap interface"));
    attached_ = false;
    return {};
}

}  // namespace nap::machine
