// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/values.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "agent/calls/paths.hpp"
#include "agent/kernel_settings/files.hpp"
#include "agent/machine/settings.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

Result<> enter(const std::optional<Task>& init) {
    NAP_TRY(const UniqueFd network, open_file(kNetworkNamespace, O_RDONLY));
    if (::setns(network.get(), CLONE_NEWNET) != 0)
        return fail_errno("cannot join the machine's network namespace");
    if (!init) {
        if (::unshare(CLONE_NEWIPC) != 0) return fail_errno("cannot make an IPC namespace");
        return {};
    }
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, init->host_pid, 0)));
    if (!process || ::setns(process.get(), CLONE_NEWIPC | CLONE_NEWPID) != 0)
        return fail_errno("cannot join the userland's namespaces");
    return {};
}

std::string read_all(int fd) {
    std::string bytes;
    char buffer[16384];
    for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
        bytes.append(buffer, static_cast<std::size_t>(got));
    return bytes;
}

// The kernel writes a whole setting at once.
std::optional<std::string> read_setting(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    char buffer[8192];
    const ssize_t got = file ? ::read(file.get(), buffer, sizeof buffer) : -1;
    if (got < 0) return std::nullopt;
    std::string text(buffer, static_cast<std::size_t>(got));
    while (text.ends_with('\n') || text.ends_with('\0')) text.pop_back();
    return text;
}

bool is_of_disk(const std::string& path) {
    return path.starts_with("/sys/block/");
}

}  // namespace

Result<Json> within_machine(const std::optional<Task>& init, const std::function<Result<Json>()>& work) {
    NAP_TRY(Pipe answer, make_pipe());
    pid_t child = -1;
    const auto forked = in_own_thread([&]() -> Result<> {
        NAP_CHECK(enter(init));
        child = ::fork();
        if (child < 0) return fail_errno("cannot fork");
        if (child > 0) return {};
        (void)write_all(answer.write.get(), channel::dump_json(channel::reply_to_json(work())));
        ::_exit(0);
    });
    NAP_CHECK(forked);
    answer.write.reset();
    const std::string said = read_all(answer.read.get());
    ::waitpid(child, nullptr, 0);
    NAP_TRY(const Json reply, channel::parse_json(as_bytes(said)));
    return channel::reply_from_json(reply);
}

Values read_values(const std::vector<std::string>& paths) {
    const DiskNames disks = std::ranges::any_of(paths, is_of_disk) ? DiskNames::read() : DiskNames();
    Values values;
    for (const auto& path : paths) {
        auto text = read_setting(disks.file_of(path));
        if (!text) continue;
        values[path] = path.starts_with("/sys/") ? value_in_force(*text) : std::move(*text);
    }
    return values;
}

Result<> write_value(const std::string& path, const std::string& value) {
    // Nothing at all would not reach the kernel
    const DiskNames disks = is_of_disk(path) ? DiskNames::read() : DiskNames();
    auto done = write_file(disks.file_of(path), value.empty() ? "\n" : value);
    // Some take a word only as a whole line (kernel.printk_devkmsg)
    if (!done && !value.empty() && write_file(disks.file_of(path), value + "\n")) return {};
    return done;
}

std::vector<std::string> paths_of(const Values& values) {
    std::vector<std::string> paths;
    for (const auto& [path, value] : values) paths.push_back(path);
    return paths;
}

Values values_from(const Json& json) {
    Values values;
    if (!json.is_object()) return values;
    for (const auto& [path, value] : json.items())
        if (value.is_string()) values[path] = value.get<std::string>();
    return values;
}

}  // namespace nap::agent
