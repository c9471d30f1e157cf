// SPDX-License-Identifier: GPL-2.0-only
// File descriptors and bytes: owned descriptors, whole reads and writes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace nap {

// Owns a file descriptor; closes it.
class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

// Both ends are closed on exec.
struct Pipe {
    UniqueFd read, write;
};
Result<Pipe> make_pipe();

// open(2) with O_CLOEXEC added.
Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0600);

// At most `limit` bytes; a longer file is an error. Works for files in /proc and /sys.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 64 << 20);

// Writes in place (for /proc and /sys).
Result<> write_file(const std::filesystem::path& path, std::string_view content);

// Written aside, synced, renamed over `path`, directory synced: after a crash either the old or the new
// content.
Result<> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0600);

// Gone for good, also after a crash. None there: done.
Result<> remove_file(const std::filesystem::path& path);

Result<> write_all(int fd, std::span<const std::byte> bytes);
Result<> write_all(int fd, std::string_view bytes);

inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

}  // namespace nap
