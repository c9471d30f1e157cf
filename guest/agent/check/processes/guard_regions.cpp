// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/guard_regions.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cstdint>
#include <string>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

// include/uapi/linux/fs.h
struct Region {
    std::uint64_t start, end, categories;
};
struct Scan {
    std::uint64_t size, flags, start, end, walked_to, regions, region_count, most_pages;
    std::uint64_t inverted, required, any_of, told;
};
constexpr auto kScan = _IOWR('f', 16, Scan);    // PAGEMAP_SCAN
constexpr std::uint64_t kGuard = 1 << 8;        // PAGE_IS_GUARD
constexpr std::uint64_t kEnd = 0x7ffffffff000;  // of what x86-64 processes have without asking for more

// 1: there is one; 0: none; -1: this kernel does not tell.
int first_guard(int pagemap) {
    Region found{};
    Scan scan{};
    scan.size = sizeof scan;
    scan.end = kEnd;
    scan.regions = reinterpret_cast<std::uintptr_t>(&found);
    scan.region_count = 1;
    scan.most_pages = 1;
    scan.required = scan.told = kGuard;
    return ::ioctl(pagemap, kScan, &scan);
}

}  // namespace

void find_guard_regions(const Task& task, Obstacles& obstacles) {
    static const bool told = [] {
        const auto own = open_file("/proc/self/pagemap", O_RDONLY);
        return own && first_guard(own->get()) >= 0;
    }();
    if (!told) return;
    const auto pagemap = open_file("/proc/" + std::to_string(task.host_pid) + "/pagemap", O_RDONLY);
    if (pagemap && first_guard(pagemap->get()) > 0)
        add(obstacles, task,
            {"a guard region of memory (MADV_GUARD_INSTALL)", "It cannot be carried over yet.",
             "Let the program use mprotect instead, or restart it after the update."});
}

}  // namespace nap::agent
