// SPDX-License-Identifier: GPL-2.0-only
#include "cli/session/exec_session.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

#include "cli/print.hpp"
#include "cli/session/terminal.hpp"

namespace nap::cli {

Result<UniqueFd> catch_signals(bool terminal) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) sigaddset(&signals, number);
    if (terminal) sigaddset(&signals, SIGWINCH);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
    if (!fd) return fail_errno("cannot wait for signals");
    return fd;
}

ExecSession::ExecSession(channel::Call& call, UniqueFd signals, bool input)
    : call_(call), signals_(std::move(signals)), over_(::eventfd(0, EFD_CLOEXEC)) {
    if (input)
        input_ = std::thread([this] { send_input(); });
    else
        (void)call_.send_end(0);
    signalling_ = std::thread([this] { send_signals(); });
}

ExecSession::~ExecSession() {
    std::uint64_t one = 1;
    (void)!::write(over_.get(), &one, sizeof one);
    if (input_.joinable()) input_.join();
    signalling_.join();
}

bool ExecSession::readable(int fd) {
    for (;;) {
        pollfd both[2] = {{fd, POLLIN, 0}, {over_.get(), POLLIN, 0}};
        if (::poll(both, 2, -1) < 0) continue;
        if (both[1].revents != 0) return false;
        if (both[0].revents != 0) return true;
    }
}

void ExecSession::send_input() {
    std::vector<std::byte> buffer(64 << 10);
    while (readable(STDIN_FILENO)) {
        ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) {
            (void)call_.send_end(0);
            return;
        }
        if (!call_.send(std::span(buffer).first(static_cast<std::size_t>(got)))) return;  // it reads no more
    }
}

void ExecSession::send_signals() {
    while (readable(signals_.get())) {
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
        bool resized = info.ssi_signo == SIGWINCH;
        if (!call_.send_event(resized ? terminal_size() : nlohmann::json{{"signal", info.ssi_signo}})) return;
    }
}

Result<int> ExecSession::run() {
    for (;;) {
        auto received = call_.receive(std::chrono::hours(24));
        if (!received && received.error().kind == ErrorKind::timeout) continue;
        NAP_TRY(auto incoming, std::move(received));
        if (auto* reply = std::get_if<channel::Reply>(&incoming)) {
            if (!reply->result) return std::unexpected(reply->result.error());
            return static_cast<int>(number_at(*reply->result, "exit_status") & 0xff);
        }
        if (auto* data = std::get_if<channel::Data>(&incoming))
            NAP_CHECK(write_all(data->part == 2 ? STDERR_FILENO : STDOUT_FILENO, data->bytes));
    }
}

}  // namespace nap::cli
