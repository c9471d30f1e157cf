// SPDX-License-Identifier: GPL-2.0-only
// nap console and nap log: print a machine's console and its supervisor's log, and go on as they grow.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/fd.hpp"
#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "machine/qemu/console_log.hpp"

namespace nap::cli {

namespace {

struct LogOptions {
    std::string name;
    bool follow = false;
};

Result<> print_some(std::string_view text) {
    // To a file or a pipe it goes as it is
    return ::isatty(STDOUT_FILENO) ? write_all(STDOUT_FILENO, harmless(text))
                                   : write_all(STDOUT_FILENO, text);
}

// A console's log that grew too long was emptied.
void follow_shortened(int fd) {
    struct stat open {};
    if (::fstat(fd, &open) == 0 && open.st_size < ::lseek(fd, 0, SEEK_CUR)) ::lseek(fd, 0, SEEK_SET);
}

// A start of a generation may begin the console's log anew. Not before the new file is there.
bool was_put_aside(const std::filesystem::path& path, int fd) {
    struct stat open {
    }, named{};
    return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_ino != named.st_ino;
}

Result<int> print_file(const std::filesystem::path& path, bool follow) {
    auto fd = open_file(path, O_RDONLY);
    if (!fd && fd.error().kind == ErrorKind::not_found && !follow) return 0;  // never started
    while (!fd && fd.error().kind == ErrorKind::not_found) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        fd = open_file(path, O_RDONLY);
    }
    if (!fd) return std::unexpected(fd.error());
    char buffer[64 << 10];
    for (;;) {
        ssize_t got = ::read(fd->get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("cannot read " + path.string());
        if (got > 0) {
            NAP_CHECK(print_some({buffer, static_cast<std::size_t>(got)}));
            continue;
        }
        if (!follow) return 0;
        follow_shortened(fd->get());
        if (was_put_aside(path, fd->get())) fd = open_file(path, O_RDONLY);
        if (!fd) return std::unexpected(fd.error());
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
}

Result<int> print_console(const Context& context, const LogOptions& options) {
    NAP_CHECK(load_machine(context.paths, options.name));
    const auto log = context.paths.machine(options.name).console_log();
    NAP_CHECK(print_file(machine::older_console_log(log), false));
    return print_file(log, options.follow);
}

Result<int> print_log(const Context& context, const LogOptions& options) {
    NAP_CHECK(load_machine(context.paths, options.name));
    return print_file(context.paths.machine(options.name).log(), options.follow);
}

void add_one(Commands& commands, const std::string& name, const std::string& what,
             Result<int> (*print)(const Context&, const LogOptions&)) {
    auto& command = commands.add(name, what, "nap " + name + " web1 --follow");
    auto options = std::make_shared<LogOptions>();
    command.add_option("NAME", options->name, "The machine")->required();
    command.add_flag("-f,--follow", options->follow, "Go on as it grows");
    commands.act(command, options, print);
}

}  // namespace

void add_logs(Commands& commands) {
    add_one(commands, "console", "Print what the machine's kernels wrote to their console", print_console);
    add_one(commands, "log", "Print what the machine's supervisor wrote down", print_log);
}

}  // namespace nap::cli
