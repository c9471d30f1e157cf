// SPDX-License-Identifier: GPL-2.0-only
#include "base/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace nap {

void UniqueFd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
    int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return fail_errno("cannot open " + path.string());
    return UniqueFd(fd);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    NAP_TRY(UniqueFd fd, open_file(path, O_RDONLY));
    std::string content;
    std::size_t length = 0;
    for (;;) {
        // Files of /proc are short and many: no large buffers for them.
        if (content.size() - length < 4096) content.resize(content.size() * 2 + 4096);
        ssize_t got = ::read(fd.get(), content.data() + length, content.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("cannot read " + path.string());
        length += static_cast<std::size_t>(got);
        if (length > limit)
            return fail(ErrorKind::protocol,
                        path.string() + " is longer than the " + std::to_string(limit) + " bytes expected");
        if (got == 0) {
            content.resize(length);
            return content;
        }
    }
}

Result<> write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) {
            pollfd ready{fd, POLLOUT, 0};
            ::poll(&ready, 1, -1);
            continue;
        }
        if (put < 0) return fail_errno("cannot write");
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Result<> write_all(int fd, std::string_view bytes) {
    return write_all(fd, as_bytes(bytes));
}

Result<> write_file(const std::filesystem::path& path, std::string_view content) {
    NAP_TRY(UniqueFd fd, open_file(path, O_WRONLY));
    if (auto written = write_all(fd.get(), content); !written)
        return std::unexpected(written.error().within(path.string()));
    return {};
}

namespace {

Result<> sync_folder_of(const std::filesystem::path& path) {
    const auto folder = path.parent_path().empty() ? std::filesystem::path(".") : path.parent_path();
    NAP_TRY(UniqueFd fd, open_file(folder, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0) return fail_errno("cannot sync " + folder.string());
    return {};
}

}  // namespace

Result<> remove_file(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) == 0) return sync_folder_of(path);
    if (errno == ENOENT) return {};
    return fail_errno("cannot remove " + path.string());
}

Result<> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    auto aside = path;
    aside += ".new";
    {
        NAP_TRY(UniqueFd fd, open_file(aside, O_WRONLY | O_CREAT | O_TRUNC, mode));
        if (auto written = write_all(fd.get(), content); !written)
            return std::unexpected(written.error().within(aside.string()));
        if (::fsync(fd.get()) != 0) return fail_errno("cannot sync " + aside.string());
    }
    if (::rename(aside.c_str(), path.c_str()) != 0) return fail_errno("cannot rename to " + path.string());
    return sync_folder_of(path);
}

}  // namespace nap
