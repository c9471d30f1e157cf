// SPDX-License-Identifier: GPL-2.0-only
// nap start: starts the machine's supervisor and waits until it says that the machine is up.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/process.hpp"
#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "supervisor/supervisor.hpp"

namespace nap::cli {

namespace {

constexpr int kReadyFd = 3;

// The first line; empty if the other end closed without one.
std::string read_line(int fd) {
    std::string line;
    char character;
    for (;;) {
        ssize_t got = ::read(fd, &character, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || character == '\n' || line.size() > (64 << 10)) return line;
        line += character;
    }
}

// "up", or "error KIND MESSAGE".
Result<> understand(const std::string& line, const std::string& name, const std::string& log) {
    if (line == "up") return {};
    if (line.starts_with("error ")) {
        auto space = std::min(line.find(' ', 6), line.size());
        auto message = line.substr(std::min(space + 1, line.size()));
        return fail(error_kind_from(line.substr(6, space - 6)),
                    "machine " + name + " did not start: " + message);
    }
    return fail(ErrorKind::io,
                "machine " + name + " did not start: its supervisor ended without a word; see " + log);
}

Result<Process> start_supervisor(const Context& context, const std::string& name, int ready) {
    std::error_code error;
    auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail_errno("cannot find this program", error.value());
    NAP_TRY(UniqueFd nothing, open_file("/dev/null", O_RDWR));
    NAP_TRY(UniqueFd log, open_file(context.paths.machine(name).log(), O_WRONLY | O_APPEND | O_CREAT));
    Command command{.argv = {self.string()}, .own_session = true};
    if (context.root) command.argv.insert(command.argv.end(), {"--root", *context.root});
    command.argv.insert(command.argv.end(), {"supervise", name, "--ready-fd", std::to_string(kReadyFd)});
    command.descriptors = {{nothing.get(), STDIN_FILENO},
                           {log.get(), STDOUT_FILENO},
                           {log.get(), STDERR_FILENO},
                           {ready, kReadyFd}};
    return Process::start(command);
}

Result<int> start(const Context& context, const MachineName& machine) {
    NAP_CHECK(load_machine(context.paths, machine.name));
    if (is_running(context.paths, machine.name))
        return fail(ErrorKind::refused, "machine " + machine.name + " runs already");
    NAP_TRY(Pipe ready, make_pipe());
    NAP_TRY(Process supervisor, start_supervisor(context, machine.name, ready.write.get()));
    supervisor.release();
    ready.write.reset();
    NAP_CHECK(
        understand(read_line(ready.read.get()), machine.name, context.paths.machine(machine.name).log()));
    if (context.json) {
        NAP_TRY(Json status, status_of(context.paths, machine.name));
        print_json(status);
    }
    return 0;
}

struct SuperviseOptions {
    std::string name;
    int ready_fd = -1;
};

Result<int> supervise(const Context& context, const SuperviseOptions& options) {
    if (options.ready_fd >= 0) ::fcntl(options.ready_fd, F_SETFD, FD_CLOEXEC);
    NAP_CHECK(supervisor::supervise(context.paths, options.name, options.ready_fd));
    return 0;
}

}  // namespace

void add_start(Commands& commands) {
    auto& command =
        commands.add("start", "Start a machine and wait until its userland runs", "nap start web1");
    commands.act(command, take_machine_name(command), start);
}

void add_supervise(Commands& commands) {
    auto& command =
        commands.add("supervise", "A machine's supervisor, in the foreground", "nap supervise web1");
    command.group("");  // not in the help
    auto options = std::make_shared<SuperviseOptions>();
    command.add_option("NAME", options->name)->required();
    command.add_option("--ready-fd", options->ready_fd, "Descriptor to tell on that the machine is up");
    commands.act(command, options, supervise);
}

}  // namespace nap::cli
