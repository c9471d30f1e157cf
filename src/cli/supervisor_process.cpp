// SPDX-License-Identifier: GPL-2.0-only
#include "cli/supervisor_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/process.hpp"

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

// "up", "none", or "error KIND MESSAGE".
Result<bool> understand(const std::string& line, const std::string& failed, const std::string& log) {
    if (line == "up") return true;
    if (line == "none") return false;
    if (line.starts_with("error ")) {
        auto space = std::min(line.find(' ', 6), line.size());
        auto message = line.substr(std::min(space + 1, line.size()));
        return fail(error_kind_from(line.substr(6, space - 6)), failed + ": " + message);
    }
    return fail(ErrorKind::io, failed + ": its supervisor ended without a word; see " + log);
}

Result<Process> start(const Context& context, const std::string& name, bool recover_only, int ready) {
    std::error_code error;
    auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail_errno("cannot find this program", error.value());
    NAP_TRY(UniqueFd nothing, open_file("/dev/null", O_RDWR));
    NAP_TRY(UniqueFd log, open_file(context.paths.machine(name).log(), O_WRONLY | O_APPEND | O_CREAT));
    Command command{.argv = {self.string()}, .own_session = true};
    if (context.root) command.argv.insert(command.argv.end(), {"--root", *context.root});
    command.argv.insert(command.argv.end(), {"supervise", name, "--ready-fd", std::to_string(kReadyFd)});
    if (recover_only) command.argv.emplace_back("--recover-only");
    command.descriptors = {{nothing.get(), STDIN_FILENO},
                           {log.get(), STDOUT_FILENO},
                           {log.get(), STDERR_FILENO},
                           {ready, kReadyFd}};
    return Process::start(command);
}

}  // namespace

Result<bool> start_supervisor(const Context& context, const std::string& name, bool recover_only) {
    NAP_TRY(Pipe ready, make_pipe());
    NAP_TRY(Process supervisor, start(context, name, recover_only, ready.write.get()));
    supervisor.release();
    ready.write.reset();
    const auto failed = "machine " + name + (recover_only ? " was not recovered" : " did not start");
    return understand(read_line(ready.read.get()), failed, context.paths.machine(name).log());
}

}  // namespace nap::cli
