// SPDX-License-Identifier: GPL-2.0-only
// Child processes: fork and exec with the error of a failed exec reported back through a pipe, pidfds from
// then on.
#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>

namespace nap {

namespace {

using Clock = std::chrono::steady_clock;

// What the child tells when it could not become the program.
struct Failure {
    enum Step : int { descriptors, credentials, directory, exec } step;
    int error_number;
};

// argv, environment and descriptors, laid out before the fork: the child must not allocate.
class Image {
  public:
    explicit Image(const Command& command) : command_(command), pairs_(command.descriptors) {
        for (const auto& argument : command.argv) argv_.push_back(const_cast<char*>(argument.c_str()));
        argv_.push_back(nullptr);
        for (char** variable = environ; *variable; ++variable)
            if (!overridden(*variable)) environment_.push_back(*variable);
        for (const auto& addition : command.environment_additions)
            environment_.push_back(const_cast<char*>(addition.c_str()));
        environment_.push_back(nullptr);
        for (auto [ours, number] : pairs_) above_ = std::max(above_, number + 1);
    }

    // Runs in the child.
    [[noreturn]] void become(int report) {
        // Out of the way of the numbers asked for, then in place (dup2 clears close-on-exec)
        report = ::fcntl(report, F_DUPFD_CLOEXEC, above_);
        for (auto& [ours, number] : pairs_) ours = ::fcntl(ours, F_DUPFD_CLOEXEC, above_);
        if (::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0)
            give_up(report, Failure::descriptors);
        for (auto [ours, number] : pairs_)
            if (::dup2(ours, number) < 0) give_up(report, Failure::descriptors);
        if (command_.own_session) ::setsid();
        if (command_.credentials && !take_on(*command_.credentials)) give_up(report, Failure::credentials);
        if (!command_.working_directory.empty() && ::chdir(command_.working_directory.c_str()) != 0)
            give_up(report, Failure::directory);
        restore_signals();
        ::execvpe(argv_[0], argv_.data(), environment_.data());
        give_up(report, Failure::exec);
    }

  private:
    [[nodiscard]] bool overridden(std::string_view variable) const {
        auto name = variable.substr(0, variable.find('=') + 1);
        return std::ranges::any_of(command_.environment_additions,
                                   [&](const std::string& addition) { return addition.starts_with(name); });
    }

    // By system calls of our own: libc's would look after the threads that the fork has left behind.
    static bool take_on(const Credentials& credentials) {
        auto [user, group] = std::pair(credentials.user, credentials.group);
        return ::syscall(SYS_setgroups, credentials.groups.size(), credentials.groups.data()) == 0 &&
               ::syscall(SYS_setresgid, group, group, group) == 0 &&
               ::syscall(SYS_setresuid, user, user, user) == 0 &&
               ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    }

    // Neither our handlers, nor what we ignore (SIGPIPE), nor what this thread blocks is the program's
    // business.
    static void restore_signals() {
        for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
    }

    [[noreturn]] static void give_up(int report, Failure::Step step) {
        Failure failure{step, errno};
        [[maybe_unused]] auto written = ::write(report, &failure, sizeof failure);
        ::_exit(127);
    }

    const Command& command_;
    std::vector<std::pair<int, int>> pairs_;
    std::vector<char*> argv_, environment_;
    int above_ = 3;
};

Error explain(const Command& command, const Failure& failure) {
    auto attempt = "cannot start " + command.argv[0];
    if (failure.step == Failure::descriptors) attempt += ", setting up its descriptors";
    if (failure.step == Failure::credentials)
        attempt += " as user " + std::to_string(command.credentials->user);
    if (failure.step == Failure::directory) attempt += " in " + command.working_directory;
    return fail_errno(attempt, failure.error_number).error();
}

// All signals blocked, so that none of our handlers runs in the child before the exec.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_;
};

Result<UniqueFd> open_pidfd(pid_t pid) {
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return fail_errno("cannot open process " + std::to_string(pid));
    return pidfd;
}

// Whether the process behind the pidfd has ended, after at most `limit`.
bool ended_within(int pidfd, std::chrono::milliseconds limit) {
    limit = std::clamp(limit, std::chrono::milliseconds(0),
                       std::chrono::milliseconds(std::chrono::hours(24 * 365)));
    auto deadline = Clock::now() + limit;
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd end{pidfd, POLLIN, 0};
        int ready = ::poll(&end, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX)));
        if (ready > 0) return true;
        if (ready == 0 && Clock::now() >= deadline) return false;
    }
}

int wait_status(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) return (info.si_status & 0xff) << 8;
    return info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

// Reads what is there without waiting, keeps the last `keep` bytes. False at the end of the pipe.
bool drain(int fd, std::string& out, std::size_t keep) {
    char buffer[16 << 10];
    for (;;) {
        ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 && errno == EAGAIN;
        out.append(buffer, static_cast<std::size_t>(got));
        if (out.size() > 2 * keep) out.erase(0, out.size() - keep);
    }
}

}  // namespace

Result<Process> Process::start(const Command& command) {
    if (command.argv.empty()) return fail(ErrorKind::internal, "cannot start a program without a name");
    NAP_TRY(Pipe report, make_pipe());
    Image image(command);

    pid_t pid;
    {
        SignalsBlocked blocked;
        pid = ::fork();
        if (pid == 0) image.become(report.write.get());
    }
    if (pid < 0) return fail_errno("cannot start " + command.argv[0]);
    report.write.reset();

    Process process;
    process.pid_ = pid;
    process.child_ = true;
    NAP_TRY(process.pidfd_, open_pidfd(pid));
    Failure failure;
    ssize_t got;
    do got = ::read(report.read.get(), &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got == sizeof failure) return std::unexpected(explain(command, failure));
    if (auto start_time = process_start_time(pid)) process.start_time_ = *start_time;
    return process;
}

Result<Process> Process::adopt(pid_t pid, std::uint64_t start_time) {
    Process process;
    process.owned_ = false;  // until it is known to be the one
    process.pid_ = pid;
    NAP_TRY(process.pidfd_, open_pidfd(pid));
    // The pidfd pins the process: a start time read now is that of the process behind it
    NAP_TRY(process.start_time_, process_start_time(pid));
    if (process.start_time_ != start_time)
        return fail(ErrorKind::not_found,
                    "process " + std::to_string(pid) + " has ended, its number belongs to another");
    process.owned_ = true;
    return process;
}

Process::Process(Process&& other) noexcept
    : pid_(other.pid_),
      start_time_(other.start_time_),
      pidfd_(std::move(other.pidfd_)),
      owned_(std::exchange(other.owned_, false)),
      child_(other.child_),
      status_(other.status_) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this == &other) return *this;
    if (owned_) kill_and_wait();
    pid_ = other.pid_;
    start_time_ = other.start_time_;
    pidfd_ = std::move(other.pidfd_);
    owned_ = std::exchange(other.owned_, false);
    child_ = other.child_;
    status_ = other.status_;
    return *this;
}

Process::~Process() {
    if (owned_) kill_and_wait();
}

bool Process::running() const {
    return pidfd_ && !ended_within(pidfd_.get(), std::chrono::milliseconds(0));
}

void Process::signal(int number) const {
    if (pidfd_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

std::optional<int> Process::wait(std::chrono::milliseconds limit) {
    if (status_ || !pidfd_) return status_;
    if (!ended_within(pidfd_.get(), limit)) return std::nullopt;
    siginfo_t info{};
    int waited;
    do waited = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED);
    while (waited != 0 && errno == EINTR);
    status_ = waited == 0 ? wait_status(info) : 0;
    return status_;
}

void Process::kill_and_wait() {
    if (status_ || !pidfd_) return;
    signal(SIGKILL);
    while (!wait(std::chrono::hours(1))) {
    }
}

void Process::release() {
    owned_ = false;
}

Result<Output> run(const Command& command, std::chrono::milliseconds limit) {
    constexpr std::size_t kKeep = 1 << 20;
    auto deadline = Clock::now() + limit;
    Command piped = command;
    auto named = [&](int number) {
        return std::ranges::any_of(command.descriptors, [&](auto pair) { return pair.second == number; });
    };
    NAP_TRY(UniqueFd nothing, open_file("/dev/null", O_RDONLY));
    NAP_TRY(Pipe output, make_pipe());
    ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
    if (!named(STDIN_FILENO)) piped.descriptors.emplace_back(nothing.get(), STDIN_FILENO);
    for (int number : {STDOUT_FILENO, STDERR_FILENO})
        if (!named(number)) piped.descriptors.emplace_back(output.write.get(), number);

    NAP_TRY(Process process, Process::start(piped));
    output.write.reset();
    Output result{0, {}};
    // Something it left in the background may hold the pipe open: its own end is the end
    for (bool open = true; open && process.running();) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) break;
        pollfd ready{output.read.get(), POLLIN, 0};
        ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 50)));
        open = drain(output.read.get(), result.out, kKeep);
    }
    auto status = process.wait(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()));
    if (!status) {
        process.kill_and_wait();
        return fail(ErrorKind::timeout, command.argv[0] + " did not end within " +
                                            std::to_string(limit.count()) + " ms and was killed");
    }
    drain(output.read.get(), result.out, kKeep);
    if (result.out.size() > kKeep) result.out.erase(0, result.out.size() - kKeep);
    result.status = WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
    return result;
}

Result<std::uint64_t> process_start_time(pid_t pid) {
    auto path = "/proc/" + std::to_string(pid) + "/stat";
    NAP_TRY(std::string stat, read_file(path, 64 << 10));
    // The name (field 2) is in parentheses and may hold anything; the third field comes after the last one
    std::size_t at = stat.rfind(')');
    for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
    std::uint64_t ticks = 0;
    if (at != std::string::npos) {
        auto [end, error] = std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), ticks);
        if (error == std::errc{}) return ticks;
    }
    return fail(ErrorKind::protocol, path + " has no start time in it");
}

}  // namespace nap
