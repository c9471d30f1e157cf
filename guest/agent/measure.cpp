// SPDX-License-Identifier: GPL-2.0-only
#include "agent/measure.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "agent/params.hpp"
#include "agent/tasks.hpp"
#include "base/fd.hpp"
#include "base/units.hpp"

namespace nap::agent {

using channel::Call;

namespace {

struct Area {
    std::uint64_t begin = 0, bytes = 0;
};

// Private, writable areas of a process, from /proc/PID/maps.
std::vector<Area> private_areas(std::string_view maps) {
    std::vector<Area> areas;
    std::istringstream lines{std::string(maps)};
    for (std::string line; std::getline(lines, line);) {
        std::uint64_t begin = 0, end = 0;
        char dash = 0;
        std::string permissions;
        std::istringstream fields(line);
        if (fields >> std::hex >> begin >> dash >> end >> permissions && permissions.size() == 4 &&
            permissions[1] == 'w' && permissions[3] == 'p' && end > begin)
            areas.push_back({begin, end - begin});
    }
    return areas;
}

// The parts of an area, at most 2 MiB each, whose pages are there: reading others would give the process new
// ones. `pagemap`: /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
std::vector<Area> present_parts(int pagemap, const Area& area) {
    constexpr std::uint64_t kPresent = 1ULL << 63;
    std::vector<Area> parts;
    std::array<std::uint64_t, kHugePagePages> entries;
    for (std::uint64_t at = 0; at < area.bytes; at += kHugePageSize) {
        const std::uint64_t pages = std::min(kHugePagePages, (area.bytes - at) / kPageSize);
        const auto offset = static_cast<off_t>((area.begin + at) / kPageSize * sizeof entries[0]);
        if (::pread(pagemap, entries.data(), pages * sizeof entries[0], offset) <= 0) break;
        bool open = false;
        for (std::uint64_t page = 0; page < pages; ++page) {
            const bool present = entries[page] & kPresent;
            if (present && !open) parts.push_back({area.begin + at + page * kPageSize, 0});
            if (present) parts.back().bytes += kPageSize;
            open = present;
        }
    }
    return parts;
}

// A part at a time, each to fresh pages, as a restore by copying would.
class Copier {
  public:
    explicit Copier(std::uint64_t limit) : limit_(limit) {}
    [[nodiscard]] bool done() const { return copied_ >= limit_; }
    [[nodiscard]] Json result() const { return Json{{"pages", copied_ / kPageSize}, {"ns", spent_.count()}}; }

    void copy(pid_t pid, const Area& part) {
        const std::uint64_t bytes = std::min(part.bytes, limit_ - copied_);
        const auto begin = std::chrono::steady_clock::now();
        void* fresh = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED) return;
        const iovec into{fresh, bytes}, from{reinterpret_cast<void*>(part.begin), bytes};
        const ssize_t got = ::process_vm_readv(pid, &into, 1, &from, 1, 0);
        const auto end = std::chrono::steady_clock::now();
        ::munmap(fresh, bytes);
        if (got <= 0) return;
        copied_ += static_cast<std::uint64_t>(got);
        spent_ += end - begin;
    }

  private:
    std::uint64_t limit_, copied_ = 0;  // bytes
    std::chrono::nanoseconds spent_{0};
};

}  // namespace

Result<Json> measure_copy(Agent&, const Json& params, Call&) {
    NAP_TRY(const std::uint64_t bytes, number(params, "bytes"));
    Copier copier(bytes);
    for (const Task& task : list_tasks()) {
        const std::string folder = "/proc/" + std::to_string(task.host_pid);
        auto maps = read_file(folder + "/maps");
        auto pagemap = open_file(folder + "/pagemap", O_RDONLY);
        if (!maps || !pagemap) continue;  // it has ended
        for (const Area& area : private_areas(*maps))
            for (const Area& part : present_parts(pagemap->get(), area))
                if (!copier.done()) copier.copy(task.host_pid, part);
    }
    return copier.result();
}

}  // namespace nap::agent
