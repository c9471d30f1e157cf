// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/supervisor.hpp"

#include <malloc.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <list>
#include <memory>

#include "machine/qemu/console_log.hpp"
#include "supervisor/boot.hpp"
#include "supervisor/last_end.hpp"
#include "supervisor/service.hpp"

namespace nap::supervisor {

namespace {

void tell_ready(UniqueFd& fd, const std::string& line) {
    if (!fd) return;
    (void)write_all(fd.get(), line + "\n");
    fd.reset();
}

std::string one_line(std::string text) {
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}

// SIGTERM and SIGINT stop the machine in order. Blocked before any thread starts, so that only the descriptor
// sees them.
Result<UniqueFd> stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
    if (!fd) return fail_errno("cannot wait for signals");
    return fd;
}

constexpr std::chrono::seconds kLookAgain{5};

std::unique_ptr<channel::Link> serve_client(Service& service, UniqueFd client) {
    return std::make_unique<channel::Link>(
        std::move(client),
        [&service](const std::string& method, const channel::Json& params, channel::Call& call) {
            return service.answer(method, params, call);
        },
        channel::LinkOptions{.starts_even = true});
}

// Returns when the machine is to be stopped: it was asked for, or the machine has ended. An error only of an
// end that nobody inside wanted either.
Result<> serve(Service& service, const machine::MachinePaths& paths, int listener, int signals) {
    std::list<std::unique_ptr<channel::Link>> clients;
    auto looked = std::chrono::steady_clock::now();
    while (!service.wait_for_stop(std::chrono::milliseconds(0))) {
        const bool look = std::chrono::steady_clock::now() - looked > kLookAgain;
        if (!service.generation_runs() || look)
            if (const auto end = service.generation_ended()) {
                keep_end(paths, *end);
                if (end->kind == machine::EndKind::power_off) return {};
                return fail(ErrorKind::guest, machine::sentence(*end));
            }
        if (look) {
            if (service.userland_ended()) {
                keep_end_of_init(paths);
                return {};
            }
            service.gather_memory();
            (void)machine::shorten_console_log(paths.console_log());
            looked = std::chrono::steady_clock::now();
        }
        pollfd waiting[] = {{listener, POLLIN, 0}, {signals, POLLIN, 0}};
        ::poll(waiting, 2, 100);
        if (waiting[1].revents & POLLIN) {
            spdlog::info("asked to stop by a signal");
            signalfd_siginfo info;
            (void)!::read(signals, &info, sizeof info);
            service.ask_to_stop();
        }
        // A client that went away while it was answered (an update goes on without it) is let go later:
        // waiting for it here would leave all others unheard.
        std::erase_if(clients, [](const auto& client) { return client->finished(); });
        if (!(waiting[0].revents & POLLIN)) continue;
        auto client = channel::accept_unix(listener);
        if (!client) continue;
        try {
            clients.push_back(serve_client(service, std::move(*client)));
        } catch (const std::exception& exception) {
            // No thread, no memory for it: it is this client that goes, not the machine
            spdlog::error("a client could not be served: {}", exception.what());
        }
    }
    return {};
}

}  // namespace

Result<> supervise(const Paths& paths, const std::string& name, int ready_fd, bool recover_only) {
    UniqueFd ready(ready_fd);
    // What an update takes in large pieces, for seconds, goes back at once; by itself the C library would
    // come to keep tens of MiB in each thread's arena.
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
    spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    spdlog::flush_on(spdlog::level::info);
    auto signals = stop_signals();
    if (!signals) {
        spdlog::error("{}", signals.error().message);
        return std::unexpected(signals.error());
    }
    auto booted = recover_only ? take_over(paths, name) : boot(paths, name);
    if (!booted) {
        spdlog::error("{}", booted.error().message);
        tell_ready(ready, fmt::format("error {} {}", to_string(booted.error().kind),
                                      one_line(booted.error().message)));
        return std::unexpected(booted.error());
    }
    if (!booted->machine) {
        tell_ready(ready, "none");
        return {};
    }
    auto& machine = *booted->machine;
    auto listener = channel::listen_unix(machine.paths.control_socket().string());
    if (!listener) {
        spdlog::error("{}", listener.error().message);
        tell_ready(ready, fmt::format("error {} {}", to_string(listener.error().kind),
                                      one_line(listener.error().message)));
        // One that was recovered may be recovered again
        if (recover_only)
            machine.generation->leave();
        else
            (void)shut_down(machine);
        return std::unexpected(listener.error());
    }
    spdlog::info("{} is up", name);
    tell_ready(ready, "up");
    Result<> served;
    {
        Service service(paths, machine);
        served = serve(service, machine.paths, listener->get(), signals->get());
    }
    auto ended = shut_down(machine);
    if (!ended) spdlog::error("stopping {}: {}", name, ended.error().message);
    spdlog::info("{} is stopped", name);
    return served ? ended : served;
}

}  // namespace nap::supervisor
