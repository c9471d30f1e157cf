// SPDX-License-Identifier: GPL-2.0-only
// Creates memory files, and checks first that the host has the memory.
#include "machine/memory_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "base/units.hpp"

namespace nap::machine {

namespace {

Result<struct statfs> file_system_of(const std::filesystem::path& directory) {
    struct statfs found {};
    if (::statfs(directory.c_str(), &found) != 0)
        return fail_errno("cannot read the file system of " + directory.string());
    return found;
}

std::string mib(std::uint64_t bytes) {
    return std::to_string(bytes / kMiB) + " MiB";
}

}  // namespace

Result<std::uint64_t> available_memory(std::string_view meminfo) {
    constexpr std::string_view kField = "MemAvailable:";
    auto at = meminfo.find(kField);
    if (at != meminfo.npos && (at == 0 || meminfo[at - 1] == '\n')) {
        auto value = meminfo.substr(at + kField.size());
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        std::uint64_t kib = 0;
        auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), kib);
        if (error == std::errc{} && kib < (1ULL << 50)) return kib * kKiB;
    }
    return fail(ErrorKind::unsupported, "/proc/meminfo has no MemAvailable: the host's kernel is too old.");
}

Result<> check_room(const std::filesystem::path& directory, std::uint64_t bytes) {
    NAP_TRY(auto meminfo, read_file("/proc/meminfo"));
    NAP_TRY(auto available, available_memory(meminfo));
    if (bytes > available)
        return fail(ErrorKind::resources, "The machine needs " + mib(bytes) +
                                              " of memory more, the host has " + mib(available) +
                                              " available.");
    return check_space(directory, bytes);
}

Result<> check_space(const std::filesystem::path& directory, std::uint64_t bytes) {
    NAP_TRY(auto room, free_space(directory));
    if (bytes > room)
        return fail(ErrorKind::resources, "The machine needs " + mib(bytes) + " more in " +
                                              directory.string() + ", which has " + mib(room) + " left.");
    return {};
}

Result<std::uint64_t> free_space(const std::filesystem::path& directory) {
    NAP_TRY(auto space, file_system_of(directory));
    // A tmpfs without a limit of its own shows no blocks at all.
    if (space.f_blocks == 0) return std::numeric_limits<std::uint64_t>::max();
    return static_cast<std::uint64_t>(space.f_bavail) * static_cast<std::uint64_t>(space.f_bsize);
}

Result<std::vector<FrameRange>> filled(const std::filesystem::path& path, FrameRange whole) {
    NAP_TRY(const auto fd, open_file(path, O_RDONLY));
    std::vector<FrameRange> ranges;
    // Its QEMU may have made it longer
    const auto end = static_cast<off_t>(whole.pages * kPageSize);
    for (off_t at = 0;;) {
        const off_t begin = ::lseek(fd.get(), at, SEEK_DATA);
        if (begin >= end || (begin < 0 && errno == ENXIO)) return ranges;
        if (begin >= 0) at = std::min(::lseek(fd.get(), begin, SEEK_HOLE), end);
        if (begin < 0 || at < 0) return fail_errno("cannot find the holes of " + path.string());
        const auto first = static_cast<std::uint64_t>(begin) / kPageSize;
        ranges.push_back({{whole.first.value + first}, static_cast<std::uint64_t>(at) / kPageSize - first});
    }
}

Result<> give_back(const std::filesystem::path& path, FrameRange whole, std::span<const FrameRange> frames) {
    NAP_TRY(auto fd, open_file(path, O_RDWR));
    for (const auto& range : frames) {
        if (!whole.contains(range.first, range.pages))
            return fail(ErrorKind::internal, "frames to give back lie outside " + path.string());
        const auto offset = (range.first.value - whole.first.value) * kPageSize;
        if (::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                        static_cast<off_t>(range.pages * kPageSize)) != 0)
            return fail_errno("cannot give back memory of " + path.string());
    }
    return {};
}

Result<UniqueFd> create_memory_file(const std::filesystem::path& path, std::uint64_t bytes, uid_t owner) {
    NAP_TRY(auto file_system, file_system_of(path.parent_path()));
    if (file_system.f_type != TMPFS_MAGIC && file_system.f_type != HUGETLBFS_MAGIC)
        return fail(ErrorKind::usage, "The machine's memory cannot lie in " + path.parent_path().string() +
                                          ": that is neither tmpfs nor hugetlbfs.");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("cannot remove " + path.string());
    NAP_TRY(auto fd, open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600));
    if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0 || ::fchown(fd.get(), owner, owner) != 0) {
        auto error = fail_errno("cannot give " + path.string() + " " + mib(bytes) + " and the user " +
                                std::to_string(owner));
        ::unlink(path.c_str());
        return error;
    }
    return fd;
}

}  // namespace nap::machine
