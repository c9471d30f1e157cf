// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/userland.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/files/hidden_names.hpp"
#include "agent/kernel_settings/baseline.hpp"
#include "agent/userland/bpf_refusal.hpp"
#include "agent/userland/identity.hpp"
#include "agent/userland/rootfs.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Call;

namespace {

constexpr std::chrono::seconds kStartLimit{20};

// A failure of a child on its way to exec(2), as text through a pipe that closes when exec succeeds.
[[noreturn]] void give_up(int report, const std::string& message) {
    (void)write_all(report, message);
    ::_exit(127);
}

// CRIU must be able to carry init's standard descriptors: files within the machine, nothing that leads to the
// agent.
Result<> open_stdio() {
    NAP_TRY(UniqueFd null, open_file("/dev/null", O_RDWR));
    auto console = open_file("/var/log/console.log", O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0640);
    const int out = console ? console->get() : null.get();
    if (::dup2(null.get(), 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0)
        return fail_errno("cannot set up the standard descriptors");
    return {};
}

[[noreturn]] void become_init(const std::string& init, const std::string& hostname, int report, int go) {
    ::setsid();
    if (auto entered = enter_root(kRoot); !entered) give_up(report, entered.error().message);
    if (::sethostname(hostname.c_str(), hostname.size()) != 0) give_up(report, "cannot set the host name");
    if (auto opened = open_stdio(); !opened) give_up(report, opened.error().message);
    // Whatever the agent has open without O_CLOEXEC would be carried along for ever.
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(022);
    if (char byte; ::read(go, &byte, 1) != 1) give_up(report, "the agent gave up");
    const char* argv[] = {init.c_str(), nullptr};
    const char* environment[] = {"HOME=/root", "TERM=linux",
                                 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                 nullptr};
    ::execve(init.c_str(), const_cast<char**>(argv), const_cast<char**>(environment));
    give_up(report, "cannot execute " + init + ": " + std::strerror(errno));
}

// Runs in a child of the agent, which ends at once: init becomes a child of process 1.
[[noreturn]] void start_init(const std::string& init, const std::string& hostname, int report, int go) {
    auto network = open_file(kNetworkNamespace, O_RDONLY);
    if (!network || ::setns(network->get(), CLONE_NEWNET) != 0)
        give_up(report, "cannot join the machine's network namespace; was `network` called?");
    if (auto joined = write_file(std::string(kMachineCgroup) + "/cgroup.procs", "0"); !joined)
        give_up(report, joined.error().message);
    constexpr unsigned long kNamespaces =
        CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    const long child = ::syscall(SYS_clone, kNamespaces | SIGCHLD, nullptr, nullptr, nullptr, 0UL);
    if (child < 0) give_up(report, std::string("cannot clone: ") + std::strerror(errno));
    if (child == 0) become_init(init, hostname, report, go);
    ::_exit(0);
}

// The starter ends as soon as init is there; it may have given up.
std::optional<Task> wait_for_init(pid_t starter) {
    ::waitpid(starter, nullptr, 0);
    return find_init();
}

// What the child had to say until it executed init or gave up.
Result<std::string> read_report(int fd) {
    const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
    std::string said;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd ready{fd, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
            return fail(ErrorKind::timeout, "init was not executed within 20 s");
        std::array<char, 512> bytes;
        const ssize_t got = ::read(fd, bytes.data(), bytes.size());
        if (got <= 0) return said;
        said.append(bytes.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

Result<Json> start_userland(Agent& agent, const Json& params, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_TRY(const std::string init, text_or(params, "init", "/sbin/init"));
    NAP_TRY(const std::string hostname, text_or(params, "hostname", "machine"));
    if (find_init()) return fail(ErrorKind::busy, "the userland runs already");
    NAP_CHECK(record_baseline());
    NAP_CHECK(disguise_root_group());
    // What an update left that the host did not survive
    NAP_CHECK(take_hidden_names());
    NAP_CHECK(end_hidden_names());
    NAP_TRY(Pipe report, make_pipe());
    NAP_TRY(Pipe go, make_pipe());
    const pid_t starter = ::fork();
    if (starter < 0) return fail_errno("cannot fork");
    if (starter == 0) start_init(init, hostname, report.write.get(), go.read.get());
    report.write.reset();
    NAP_TRY(agent.bpf_refusal, BpfRefusal::attach());
    // Before it executes anything
    if (const auto born = wait_for_init(starter)) {
        NAP_CHECK(agent.bpf_refusal->refuse_to(born->host_pid));
        NAP_CHECK(write_all(go.write.get(), std::string_view("g")));
    }
    go.write.reset();
    auto said = read_report(report.read.get());
    NAP_TRY(const std::string message, std::move(said));
    if (!message.empty()) return fail(ErrorKind::guest, "cannot start the userland: " + message);
    const auto started = find_init();
    if (!started) return fail(ErrorKind::guest, "the userland's init " + init + " ended at once");
    return Json{{"host_pid", started->host_pid}};
}

Result<Json> userland(Agent&, const Json&, Call&) {
    const auto init = find_init();
    return Json{{"running", init.has_value()}, {"host_pid", init ? init->host_pid : 0}};
}

}  // namespace nap::agent
