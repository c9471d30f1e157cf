// SPDX-License-Identifier: GPL-2.0-only
#include "channel/wire.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace nap::channel {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kLookMs = 50;  // how often a waiting side looks for what no descriptor tells
// How often a port is read unasked. An emulated machine of one processor has no memory barriers (QEMU leaves
// them out), so that now and then device and driver miss each other's last word and an interrupt is lost for
// good: whoever waited for it would wait for ever.
constexpr int kReadAgainMs = 250;

bool is_socket(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

void make_non_blocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Wire::Wire(UniqueFd fd, std::chrono::milliseconds stall_limit)
    : fd_(std::move(fd)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stall_limit_(stall_limit),
      socket_(is_socket(fd_.get())) {
    make_non_blocking(fd_.get());
}

int Wire::wait(short events, int limit_ms) {
    pollfd both[2] = {{fd_.get(), events, 0}, {wake_.get(), POLLIN, 0}};
    return ::poll(both, 2, limit_ms) > 0 ? both[0].revents : 0;
}

Result<> Wire::write(std::uint64_t era, std::span<const std::byte> head, std::span<const std::byte> tail) {
    std::lock_guard lock(writing_);
    auto progress = Clock::now();
    while (!head.empty() || !tail.empty()) {
        if (stopped_) return fail(ErrorKind::io, "the connection was closed");
        if (era != era_) return fail(ErrorKind::io, "the peer went away");
        iovec parts[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                          {const_cast<std::byte*>(tail.data()), tail.size()}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        ssize_t put = socket_ ? ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) : ::writev(fd_.get(), parts, 2);
        if (put >= 0) {
            auto count = static_cast<std::size_t>(put);
            sent_.count(count);
            auto of_head = std::min(count, head.size());
            head = head.subspan(of_head);
            tail = tail.subspan(count - of_head);
            progress = Clock::now();
        } else if (errno == EAGAIN) {
            if (stall_limit_.count() > 0 && Clock::now() - progress > stall_limit_)
                return fail(ErrorKind::timeout,
                            "the peer has taken nothing for " + std::to_string(stall_limit_.count()) + " ms");
            if (auto ready = wait(POLLOUT, kLookMs); !socket_ && (ready & POLLHUP))
                return fail(ErrorKind::io, "the peer went away");
        } else if (errno != EINTR) {
            return fail_errno("cannot write to the peer");
        }
    }
    return {};
}

Result<std::size_t> Wire::read(std::uint64_t era, std::span<std::byte> buffer) {
    while (!stopped_ && era == era_) {
        ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got >= 0) {
            received_.count(static_cast<std::size_t>(got));
            return static_cast<std::size_t>(got);
        }
        if (errno == EAGAIN) {
            wait(POLLIN, socket_ ? -1 : kReadAgainMs);
            hear_wake();
        } else if (errno != EINTR)
            return fail_errno("cannot read from the peer");
    }
    return 0;
}

bool Wire::await_peer() {
    while (!stopped_) {
        // A virtio-serial port without a host is readable (there is nothing to wait for) and hung up
        pollfd port{fd_.get(), POLLIN, 0};
        if (::poll(&port, 1, 0) >= 0 && !(port.revents & (POLLHUP | POLLERR))) return true;
        pollfd wake{wake_.get(), POLLIN, 0};
        ::poll(&wake, 1, kLookMs);
        hear_wake();
    }
    return false;
}

void Wire::stop() {
    if (stopped_.exchange(true)) return;
    tell_peer();
    wake();
}

void Wire::tell_peer() {
    std::lock_guard lock(renewing_);
    if (socket_) ::shutdown(fd_.get(), SHUT_RDWR);
}

std::uint64_t Wire::renew(UniqueFd fd) {
    make_non_blocking(fd.get());
    std::uint64_t era;
    {
        std::lock_guard writing(writing_);
        std::lock_guard renewing(renewing_);
        fd_ = std::move(fd);
        era = ++era_;
    }
    if (stopped_) tell_peer();
    return era;
}

void Wire::close() {
    std::lock_guard lock(writing_);
    fd_.reset();
}

std::uint64_t Wire::next_era() {
    const auto era = ++era_;
    wake();
    return era;
}

// The loop looks why.
void Wire::hear_wake() {
    std::uint64_t wakes;
    [[maybe_unused]] auto heard = ::read(wake_.get(), &wakes, sizeof wakes);
}

void Wire::Passed::count(std::size_t more) {
    bytes += more;
    last = Clock::now();
}

std::string Wire::activity() const {
    auto told = [](const char* what, const Passed& passed) {
        if (passed.bytes == 0) return std::string(what) + " nothing";
        auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - passed.last.load());
        return what + (" " + std::to_string(passed.bytes)) + " bytes, the last " +
               std::to_string(ago.count()) + " ms ago";
    };
    return told("sent", sent_) + "; " + told("received", received_);
}

void Wire::wake() {
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wake_.get(), &one, sizeof one);
}

}  // namespace nap::channel
