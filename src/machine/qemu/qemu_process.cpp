// SPDX-License-Identifier: GPL-2.0-only
// Starts QEMU and explains its end.
#include "machine/qemu/qemu_process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "channel/unix_socket.hpp"
#include "machine/qemu/console_log.hpp"
#include "machine/qemu/last_words.hpp"

namespace nap::machine {

namespace {

constexpr std::chrono::milliseconds kEnding{1000};  // its connections break before it is gone
constexpr std::uint64_t kTail = 64 << 10;           // bytes of a log looked at

std::filesystem::path qemu_log(const GenerationSpec& spec) {
    return spec.qmp_socket.parent_path() / "qemu.log";
}

std::uint64_t size_of(const std::filesystem::path& path) {
    std::error_code none_yet;
    const auto size = std::filesystem::file_size(path, none_yet);
    return none_yet ? 0 : size;
}

// The end of what lies in a file from `from` on. A guest fills it: it may be very long.
std::string tail_of(const std::filesystem::path& path, std::uint64_t from = 0) {
    auto fd = open_file(path, O_RDONLY);
    if (!fd) return {};
    const std::uint64_t size = size_of(path);
    from = std::max(std::min(from, size), size - std::min(size, kTail));
    std::string text(size - from, '\0');
    ssize_t got = ::pread(fd->get(), text.data(), text.size(), static_cast<off_t>(from));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
}

std::string how_it_ended(std::optional<int> status) {
    if (!status) return "QEMU has ended";
    if (WIFSIGNALED(*status)) return "QEMU was killed by signal " + std::to_string(WTERMSIG(*status));
    return "QEMU ended with status " + std::to_string(WEXITSTATUS(*status));
}

// The files of QEMU, open.
class Files {
  public:
    Result<> open(Descriptor as, const std::filesystem::path& path, int flags) {
        NAP_TRY(auto file, open_file(path, flags, 0600));
        keep(as, std::move(file));
        return {};
    }
    // QEMU opens these once more, as its own user. They hold no secret.
    Result<> open_public(Descriptor as, const std::filesystem::path& path) {
        constexpr mode_t kAllRead = S_IRUSR | S_IRGRP | S_IROTH;
        NAP_TRY(auto file, open_file(path, O_RDONLY));
        struct stat status {};
        if (::fstat(file.get(), &status) != 0 ||
            ((status.st_mode & kAllRead) != kAllRead &&
             ::fchmod(file.get(), (status.st_mode & 07777) | kAllRead) != 0))
            return fail_errno("cannot make " + path.string() + " readable for QEMU");
        keep(as, std::move(file));
        return {};
    }
    Result<> listen(Descriptor as, const std::filesystem::path& path) {
        NAP_TRY(auto socket, channel::listen_unix(path));
        keep(as, std::move(socket));
        return {};
    }
    void name_in(Command& command) const {
        for (const auto& [as, file] : files_) command.descriptors.emplace_back(file.get(), as);
    }

  private:
    void keep(Descriptor as, UniqueFd file) { files_.emplace_back(as, std::move(file)); }
    std::vector<std::pair<Descriptor, UniqueFd>> files_;
};

Result<Files> open_files(const GenerationSpec& spec) {
    Files files;
    NAP_CHECK(files.open_public(kVmlinuzFd, spec.vmlinuz));
    NAP_CHECK(files.open_public(kInitramfsFd, spec.initramfs));
    NAP_CHECK(files.open(kKernelMemoryFd, spec.kernel_memory_file, O_RDWR));
    NAP_CHECK(files.open(kUserMemoryFd, spec.user_memory_file, O_RDWR));
    NAP_CHECK(files.open(kConsoleFd, spec.console_log, O_WRONLY | O_CREAT | O_APPEND));
    NAP_CHECK(files.open(kDiskFd, spec.newer ? spec.overlay : spec.disk, O_RDWR));
    NAP_CHECK(files.listen(kQmpFd, spec.qmp_socket));
    NAP_CHECK(files.listen(kAgentFd, spec.agent_socket));
    return files;
}

Result<Process> start_process(const GenerationSpec& spec, const TapQueue* tap) {
    NAP_TRY(auto log, open_file(qemu_log(spec), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
    NAP_TRY(auto nothing, open_file("/dev/null", O_RDONLY));
    NAP_TRY(auto files, open_files(spec));
    Command command{.argv = qemu_command(spec),
                    .descriptors = {{nothing.get(), 0}, {log.get(), 1}, {log.get(), 2}},
                    .working_directory = "/",
                    .own_session = true,
                    .credentials = spec.credentials};
    files.name_in(command);
    if (tap && spec.network) command.descriptors.emplace_back(tap->fd(), kTapFd);
    return Process::start(command);
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

Error explain_end(const GenerationSpec& spec, Qemu& qemu, Error error) {
    auto status = qemu.process.wait(kEnding);
    if (!status && qemu.process.running()) return error;
    auto message =
        "Generation " + std::to_string(spec.number) + " of " + spec.machine + ": " + how_it_ended(status);
    if (auto said = last_lines(tail_of(qemu_log(spec)), 5); !said.empty()) message += ", saying: " + said;
    if (auto words = last_words(tail_of(spec.console_log, qemu.console_from)); !words.empty())
        message += "; its console says: " + words + " (`nap console " + spec.machine + "` has the rest)";
    return {error.kind == ErrorKind::timeout ? ErrorKind::io : error.kind, message};
}

Result<Qemu> start_qemu(const GenerationSpec& spec, const TapQueue* tap, std::chrono::milliseconds limit) {
    NAP_CHECK(bound_console_log(spec.console_log));
    const auto console_from = size_of(spec.console_log);
    NAP_TRY(auto process, start_process(spec, tap));
    Qemu qemu{.process = std::move(process), .console_from = console_from};
    // The sockets listen already; of ours none is left open, so that a QEMU that ends closes them
    auto qmp = Qmp::connect(spec.qmp_socket, limit);
    if (!qmp) return std::unexpected(explain_end(spec, qemu, qmp.error()));
    qemu.qmp = std::move(*qmp);
    return qemu;
}

Result<Qemu> find_qemu(const GenerationSpec& spec, pid_t pid, std::uint64_t start_time,
                       std::chrono::milliseconds limit) {
    // Where it began to write is not known: of what it says, only what it has yet to say is its own for
    // certain
    const auto console_from = size_of(spec.console_log);
    NAP_TRY(auto process, Process::adopt(pid, start_time));
    auto qmp = Qmp::connect(spec.qmp_socket, limit);
    if (!qmp) {
        process.release();
        return std::unexpected(qmp.error());
    }
    return Qemu{.process = std::move(process), .console_from = console_from, .qmp = std::move(*qmp)};
}

}  // namespace nap::machine
