// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/descriptors.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/number.hpp"

namespace nap::agent {

namespace {

constexpr int kHole = 32;          // so many numbers without a file: as costly as to ask /proc
constexpr int kFirstPosition = 2;  // in the folder, of descriptor 0: behind "." and ".."

std::optional<FileId> identify(int folder, const char* path, int flags) {
    struct statx information {};
    if (::statx(folder, path, flags, STATX_TYPE | STATX_INO | STATX_MNT_ID, &information) != 0)
        return std::nullopt;
    return FileId{makedev(information.stx_dev_major, information.stx_dev_minor), information.stx_ino,
                  information.stx_mnt_id, information.stx_mode};
}

}  // namespace

Result<Descriptors> Descriptors::of(pid_t host_pid) {
    UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, host_pid, 0)));
    if (!process) return fail_errno("cannot open a process");
    return Descriptors(std::move(process), host_pid);
}

std::optional<Descriptors::Open> Descriptors::next() {
    for (;; ++number_) {
        UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process_.get(), number_, 0)));
        if (copy) {
            missed_ = 0;
            return Open{number_++, std::move(copy)};
        }
        if (errno == ESRCH) return std::nullopt;  // it has ended
        if (errno == EBADF && ++missed_ >= kHole && !skip_hole()) return std::nullopt;
    }
}

// To just before the next number that is open.
bool Descriptors::skip_hole() {
    missed_ = 0;
    if (!folder_) {
        auto folder = open_file("/proc/" + std::to_string(host_pid_) + "/fd", O_RDONLY | O_DIRECTORY);
        if (!folder) return false;
        folder_ = std::move(*folder);
    }
    if (::lseek(folder_.get(), number_ + kFirstPosition, SEEK_SET) < 0) return false;
    alignas(dirent64) std::array<char, 48> entries;  // one, or two
    const auto got = ::getdents64(folder_.get(), entries.data(), entries.size());
    if (got <= 0) return false;
    const auto* entry = reinterpret_cast<const dirent64*>(entries.data());
    number_ = std::max(number_, leading_number(entry->d_name) - 1);
    return true;
}

bool in_no_folder(const FileId& id) {
    static const dev_t pipes = [] {
        struct stat information {};
        const auto pipe = make_pipe();
        return pipe && ::fstat(pipe->read.get(), &information) == 0 ? information.st_dev : 0;
    }();
    return (id.mode & S_IFMT) == 0 || S_ISSOCK(id.mode) || (S_ISFIFO(id.mode) && id.device == pipes);
}

std::optional<FileId> file_id(int fd) {
    struct stat information {};
    if (::fstat(fd, &information) != 0) return std::nullopt;
    const FileId id{information.st_dev, information.st_ino, 0,
                    static_cast<std::uint16_t>(information.st_mode)};
    return in_no_folder(id) ? id : identify(fd, "", AT_EMPTY_PATH);
}

std::optional<FileId> file_id_at(int folder, const char* path) {
    return identify(folder, path, 0);
}

}  // namespace nap::agent
