// SPDX-License-Identifier: GPL-2.0-only
// Starts QEMU and explains its end.
#include "machine/qemu_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "machine/console_log.hpp"

namespace nap::machine {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookAgain{100};
constexpr off_t kTail = 16 << 10;  // bytes of a log looked at

std::filesystem::path qemu_log(const GenerationSpec& spec) {
    return spec.qmp_socket.parent_path() / "qemu.log";
}

// The end of a file that a guest fills: it may be very long.
std::string tail_of(const std::filesystem::path& path) {
    auto fd = open_file(path, O_RDONLY);
    if (!fd) return {};
    off_t size = ::lseek(fd->get(), 0, SEEK_END);
    std::string text(static_cast<std::size_t>(std::clamp<off_t>(size, 0, kTail)), '\0');
    ssize_t got = ::pread(fd->get(), text.data(), text.size(), std::max<off_t>(size - kTail, 0));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
}

std::string how_it_ended(std::optional<int> status) {
    if (!status) return "QEMU has ended";
    if (WIFSIGNALED(*status)) return "QEMU was killed by signal " + std::to_string(WTERMSIG(*status));
    return "QEMU ended with status " + std::to_string(WEXITSTATUS(*status));
}

// Connects in slices, so that a QEMU that ends at once is noticed at once.
Result<std::unique_ptr<Qmp>> connect(const GenerationSpec& spec, Process& process,
                                     std::chrono::milliseconds limit) {
    auto deadline = Clock::now() + limit;
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        auto qmp = Qmp::connect(spec.qmp_socket, std::clamp(left, std::chrono::milliseconds(0), kLookAgain));
        if (qmp || left <= kLookAgain || !process.running()) return qmp;
    }
}

}  // namespace

std::string last_lines(std::string_view log, std::size_t lines) {
    std::string text;
    for (char c : log) {
        if (c == '\n' && (text.empty() || text.back() == '\n')) continue;
        if (c == '\n' || static_cast<unsigned char>(c) >= 0x20) text += c;
    }
    while (text.ends_with('\n')) text.pop_back();
    auto from = text.size();
    for (std::size_t line = 0; line < lines && from != text.npos && from != 0; ++line)
        from = text.rfind('\n', from - 1);
    text.erase(0, from == text.npos || from == 0 ? 0 : from + 1);
    if (text.size() > 2000) text.erase(0, text.size() - 2000);
    return text;
}

Error explain_end(const GenerationSpec& spec, Process& process, Error error) {
    // A connection breaks a little before the process is seen to end
    auto status = process.wait(kLookAgain);
    if (!status && process.running()) return error;
    auto message =
        "Generation " + std::to_string(spec.number) + " of " + spec.machine + ": " + how_it_ended(status);
    auto said = last_lines(tail_of(qemu_log(spec)), 5);
    auto console = last_lines(tail_of(spec.console_log), 12);
    message += said.empty() ? "." : ", saying:\n" + said;
    if (!console.empty()) message += "\nThe last lines of its console:\n" + console;
    return {error.kind == ErrorKind::timeout ? ErrorKind::io : error.kind, message};
}

Result<Qemu> start_qemu(const GenerationSpec& spec, const TapQueue* tap, std::chrono::milliseconds limit) {
    for (const auto& socket : {spec.qmp_socket, spec.agent_socket}) ::unlink(socket.c_str());
    NAP_TRY(auto log, open_file(qemu_log(spec), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
    NAP_TRY(auto nothing, open_file("/dev/null", O_RDONLY));
    NAP_CHECK(bound_console_log(spec.console_log));
    // QEMU would create it for everybody to read
    NAP_TRY(auto console, open_file(spec.console_log, O_WRONLY | O_CREAT, 0600));

    Command command{.argv = qemu_command(spec),
                    .descriptors = {{nothing.get(), 0}, {log.get(), 1}, {log.get(), 2}},
                    .own_session = true};
    if (tap && spec.tap_fd) command.descriptors.emplace_back(tap->fd(), *spec.tap_fd);
    NAP_TRY(auto process, Process::start(command));
    auto qmp = connect(spec, process, limit);
    if (!qmp) return std::unexpected(explain_end(spec, process, qmp.error()));
    return Qemu{std::move(process), std::move(*qmp)};
}

Result<Qemu> find_qemu(const GenerationSpec& spec, pid_t pid, std::uint64_t start_time,
                       std::chrono::milliseconds limit) {
    NAP_TRY(auto process, Process::adopt(pid, start_time));
    auto qmp = connect(spec, process, limit);
    if (!qmp) {
        process.release();
        return std::unexpected(qmp.error());
    }
    return Qemu{std::move(process), std::move(*qmp)};
}

}  // namespace nap::machine
