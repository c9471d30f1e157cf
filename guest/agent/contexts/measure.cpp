// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/measure.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/calls/params.hpp"
#include "agent/userland/tasks.hpp"
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

std::chrono::nanoseconds processor_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Copies part after part to fresh pages, as a restore by copying would. The time is the processor's for this
// thread: the machine serves meanwhile.
class Copier {
  public:
    static Result<Copier> make(std::uint64_t limit) {
        void* fresh = ::mmap(nullptr, limit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED) return fail_errno("cannot map memory to copy to");
        ::madvise(fresh, limit, MADV_NOHUGEPAGE);
        return Copier(static_cast<std::byte*>(fresh), limit);
    }
    Copier(Copier&& other) noexcept
        : fresh_(std::exchange(other.fresh_, nullptr)),
          limit_(other.limit_),
          copied_(other.copied_),
          spent_(other.spent_) {}
    Copier& operator=(Copier&&) = delete;
    ~Copier() {
        if (fresh_) ::munmap(fresh_, limit_);
    }
    [[nodiscard]] bool done() const { return copied_ >= limit_; }
    [[nodiscard]] Json result() const { return Json{{"pages", copied_ / kPageSize}, {"ns", spent_.count()}}; }

    void copy(pid_t pid, const Area& part) {
        const std::uint64_t bytes = std::min(part.bytes, limit_ - copied_);
        const iovec into{fresh_ + copied_, bytes}, from{reinterpret_cast<void*>(part.begin), bytes};
        const auto begin = processor_time();
        const ssize_t got = ::process_vm_readv(pid, &into, 1, &from, 1, 0);
        if (got <= 0) return;
        copied_ += static_cast<std::uint64_t>(got) / kPageSize * kPageSize;
        spent_ += processor_time() - begin;
    }

  private:
    Copier(std::byte* fresh, std::uint64_t limit) : fresh_(fresh), limit_(limit) {}
    std::byte* fresh_;
    std::uint64_t limit_, copied_ = 0;  // bytes
    std::chrono::nanoseconds spent_{0};
};

}  // namespace

Result<Json> measure_copy(Agent&, const Json& params, Call&) {
    NAP_TRY(const std::uint64_t bytes, number(params, "bytes"));
    if (bytes == 0 || bytes > kGiB) return fail(ErrorKind::usage, "1 byte to 1 GiB can be copied");
    NAP_TRY(Copier copier, Copier::make(bytes));
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
