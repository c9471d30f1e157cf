// SPDX-License-Identifier: GPL-2.0-only
// Descriptors of a process, each as a copy of our own: servers have a hundred thousand of them, and /proc
// makes an inode for each that it lists. Their numbers are tried instead; /proc is only asked how far a hole
// reaches.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::agent {

class Descriptors {
  public:
    static Result<Descriptors> of(pid_t host_pid);

    struct Open {
        int number;  // in the process
        UniqueFd copy;
    };
    std::optional<Open> next();  // by ascending number; nothing after the last one

  private:
    Descriptors(UniqueFd process, pid_t host_pid) : process_(std::move(process)), host_pid_(host_pid) {}
    bool skip_hole();
    UniqueFd process_, folder_;
    pid_t host_pid_;
    int number_ = 0, missed_ = 0;
};

// What a descriptor refers to, however many descriptors and processes do.
struct FileId {
    std::uint64_t device = 0, inode = 0, mount = 0;
    std::uint16_t mode = 0;
    auto operator<=>(const FileId&) const = default;
};
struct FileIdHash {
    std::size_t operator()(const FileId& id) const {
        return (id.inode ^ id.device << 32 ^ id.mount << 48) * 0x9e3779b97f4a7c15;
    }
};
bool in_no_folder(const FileId& id);    // a socket, one of pipe(2)'s, or an object with no inode of its own
std::optional<FileId> file_id(int fd);  // of ours
std::optional<FileId> file_id_at(int folder, const char* path);  // symlinks are followed, as those in /proc

}  // namespace nap::agent
