// SPDX-License-Identifier: GPL-2.0-only
// Starts QEMU, and gathers what is left at its end.
#include "machine/qemu/qemu_process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "channel/json.hpp"
#include "channel/unix_socket.hpp"
#include "machine/qemu/console_log.hpp"
#include "machine/qemu/host_kills.hpp"

namespace nap::machine {

namespace {

constexpr std::chrono::milliseconds kEnding{10'000};  // its connections break before it is gone
constexpr std::chrono::milliseconds kNotAnswering{1000};
constexpr std::uint64_t kTail = 64 << 10;  // bytes of a log looked at

std::filesystem::path qemu_log(const GenerationSpec& spec) {
    return spec.qmp_socket.parent_path() / "qemu.log";
}

// Whether it has ended or will at once: it has said so, or has closed its connection.
bool is_ending(const Qemu& qemu) {
    if (!qemu.process.running() || !qemu.qmp || !qemu.qmp->up()) return true;
    const auto events = qemu.qmp->last_events();
    return std::ranges::find(events, "SHUTDOWN", &QmpEvent::name) != events.end();
}

// Its processors have been stopped, but by nobody: KVM met what it cannot go on from.
bool stands_still(const Qemu& qemu) {
    if (!qemu.qmp) return false;
    std::string last;
    for (const auto& event : qemu.qmp->last_events())
        if (event.name == "STOP" || event.name == "RESUME") last = event.name;
    if (last != "STOP") return false;
    const auto status = qemu.qmp->execute("query-status", nullptr, kNotAnswering);
    const auto* state = status ? channel::text_in(*status, "status") : nullptr;
    return state != nullptr && *state == "internal-error";
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

Remains remains_of(const GenerationSpec& spec, std::uint64_t console_from) {
    return {.machine = spec.machine,
            .generation = spec.number,
            .kernel = spec.kernel_version,
            .qemu_log = tail_of(qemu_log(spec)),
            .console = tail_of(spec.console_log, console_from)};
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

std::optional<End> end_of(const GenerationSpec& spec, Qemu& qemu) {
    const bool ending = is_ending(qemu), still = !ending && stands_still(qemu);
    if (!still && !(ending && qemu.process.wait(qemu.qmp ? kEnding : kNotAnswering))) return std::nullopt;
    auto remains = remains_of(spec, qemu.console_from);
    remains.stands_still = still;
    if (qemu.qmp) remains.events = qemu.qmp->last_events();
    if (still) return end_from(remains);
    if (qemu.process.is_child()) remains.status = qemu.process.wait(kEnding);
    remains.host_killed_it = killed_for_memory(qemu.process.pid(), qemu.host_kills);
    if (qemu.qmp) {
        (void)qemu.qmp->wait_down(kEnding);  // what it said last has been read
        remains.events = qemu.qmp->last_events();
    }
    return end_from(remains);
}

Error explain(const GenerationSpec& spec, Qemu& qemu, Error error, const EndSink& ended) {
    const auto end = end_of(spec, qemu);
    if (!end) return error;
    if (ended) ended(*end);
    return {ErrorKind::io, sentence(*end)};
}

End end_unseen(const GenerationSpec& spec) {
    return end_from(remains_of(spec, 0));
}

Result<Qemu> start_qemu(const GenerationSpec& spec, const TapQueue* tap, std::chrono::milliseconds limit,
                        const EndSink& ended) {
    NAP_CHECK(bound_console_log(spec.console_log));
    const auto console_from = size_of(spec.console_log);
    NAP_TRY(auto process, start_process(spec, tap));
    Qemu qemu{.process = std::move(process), .console_from = console_from, .host_kills = host_kills()};
    // The sockets listen already; of ours none is left open, so that a QEMU that ends closes them
    auto qmp = Qmp::connect(spec.qmp_socket, limit);
    if (!qmp) return std::unexpected(explain(spec, qemu, qmp.error(), ended));
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
    return Qemu{.process = std::move(process),
                .console_from = console_from,
                .host_kills = host_kills(),
                .qmp = std::move(*qmp)};
}

}  // namespace nap::machine
