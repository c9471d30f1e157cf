// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/exec.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "agent/calls/params.hpp"
#include "agent/userland/spawn.hpp"

namespace nap::agent {

using channel::Call;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kInputPause{20};  // how long an ended command may wait for its input thread
constexpr std::size_t kInputBacklog = 256 * 1024;

Result<std::vector<std::string>> environment_of(const Json& params) {
    std::vector<std::string> environment = {
        "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    if (!params.contains("env")) return environment;
    if (!params["env"].is_object()) return fail(ErrorKind::usage, "the parameter \"env\" must be an object");
    for (const auto& [name, value] : params["env"].items()) {
        if (!value.is_string()) return fail(ErrorKind::usage, "the variable " + name + " must be a text");
        std::erase_if(environment, [&](const std::string& known) { return known.starts_with(name + "="); });
        environment.push_back(name + "=" + value.get<std::string>());
    }
    return environment;
}

// From the host to the command: its input, signals, the size of its terminal.
class Input {
  public:
    Input(Spawned& command, Call& call) : command_(command), call_(call), thread_([this] { pump(); }) {}
    ~Input() {
        done_ = true;
        thread_.join();
    }
    [[nodiscard]] bool abandoned() const { return abandoned_; }

  private:
    void pump() {
        while (!done_) {
            flush();
            auto incoming = backlog_.size() < kInputBacklog ? call_.receive(kInputPause) : receive_event();
            if (!incoming && incoming.error().kind == ErrorKind::timeout) continue;
            if (!incoming) return hang_up();
            if (auto* data = std::get_if<channel::Data>(&*incoming)) {
                const auto* text = reinterpret_cast<const char*>(data->bytes.data());
                backlog_.append(text, data->bytes.size());
            } else if (std::holds_alternative<channel::End>(*incoming)) {
                ended_ = true;
            } else if (auto* event = std::get_if<channel::Event>(&*incoming)) {
                handle(event->content);
            }
        }
    }

    // While the command does not read, its signals must get through.
    Result<channel::Incoming> receive_event() {
        NAP_TRY(channel::Event event, call_.receive_event(kInputPause));
        return event;
    }

    void flush() {
        while (!backlog_.empty()) {
            const ssize_t put = ::write(command_.terminal.input.get(), backlog_.data(), backlog_.size());
            if (put < 0 && errno == EINTR) continue;
            if (put < 0 && errno == EAGAIN) return;
            if (put < 0)
                backlog_.clear();  // it reads no more
            else
                backlog_.erase(0, static_cast<std::size_t>(put));
        }
        if (ended_ && !command_.terminal.tty) command_.terminal.input.reset();
    }

    void handle(const Json& event) {
        if (auto number = agent::number(event, "signal"); number && *number < NSIG)
            ::kill(-command_.host_pid, static_cast<int>(*number));
        auto rows = agent::number(event, "rows"), cols = agent::number(event, "cols");
        if (rows && cols) (void)command_.terminal.resize(*rows, *cols);
    }

    // Nobody is there any more: as when a terminal's line drops.
    void hang_up() {
        abandoned_ = true;
        ::kill(-command_.host_pid, SIGHUP);
    }

    Spawned& command_;
    Call& call_;
    std::string backlog_;
    bool ended_ = false;
    std::atomic<bool> done_ = false, abandoned_ = false;
    std::thread thread_;
};

// One read from `fd` to the host. False when there is nothing more to come.
bool pass_on(int fd, std::uint8_t part, Call& call) {
    std::array<std::byte, 64 * 1024> bytes;
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (got <= 0) return false;
    return call.send(std::span(bytes).first(static_cast<std::size_t>(got)), part).has_value();
}

// Until the command has ended and what it wrote is sent; what it left behind may hold the other ends for
// ever.
void pass_on_output(const Spawned& command, const Input& input, Call& call) {
    int out = command.terminal.output.get(), err = command.terminal.errors.get();
    bool ended = false;
    while (!input.abandoned()) {
        std::array<pollfd, 3> ready{
            {{out, POLLIN, 0}, {err, POLLIN, 0}, {ended ? -1 : command.pidfd.get(), POLLIN, 0}}};
        const int count = ::poll(ready.data(), ready.size(), ended ? 0 : 500);
        if (count == 0 && ended) return;
        if (ready[0].revents && !pass_on(out, 1, call)) out = -1;
        if (ready[1].revents && !pass_on(err, 2, call)) err = -1;
        if (ready[2].revents) ended = true;
    }
}

int exit_status(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Json> exec(Agent& agent, const Json& params, Call& call) {
    NAP_TRY(const auto argv, texts(params, "argv"));
    NAP_TRY(const bool tty, truth_or(params, "tty", false));
    NAP_TRY(const std::uint64_t rows, number_or(params, "rows", 24));
    NAP_TRY(const std::uint64_t cols, number_or(params, "cols", 80));
    NAP_TRY(const auto environment, environment_of(params));
    NAP_TRY(Spawned command, spawn_in_userland(argv, environment, tty, rows, cols));
    ++agent.exec_sessions;
    bool abandoned = false;
    {
        const Input input(command, call);
        pass_on_output(command, input, call);
        abandoned = input.abandoned();
    }
    if (abandoned) {
        // It may ignore the hangup; it stays a session, and our child, until it ends.
        std::thread([&agent, pid = command.host_pid] {
            ::waitpid(pid, nullptr, 0);
            --agent.exec_sessions;
        }).detach();
        return fail(ErrorKind::io, "the host abandoned the command " + argv[0]);
    }
    int status = 0;
    ::waitpid(command.host_pid, &status, 0);
    --agent.exec_sessions;
    (void)call.send_end(1);
    (void)call.send_end(2);
    return Json{{"exit_status", exit_status(status)}};
}

}  // namespace nap::agent
