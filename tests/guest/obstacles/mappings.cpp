// SPDX-License-Identifier: GPL-2.0-only
// Memory that is no ordinary memory.
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

void reserve_huge_pages() {
    write_text("/proc/sys/vm/nr_hugepages", "4");
}

void hold_huge_page() {
    reserve_huge_pages();
    map(kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB)[0] = std::byte{1};
}

void hold_untouched_huge_page() {
    reserve_huge_pages();
    map(kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
}

void hold_huge_file() {
    reserve_huge_pages();
    const int fd = static_cast<int>(check(memfd_create("huge", MFD_HUGETLB), "memfd_create"));
    check(ftruncate(fd, kHugePage), "ftruncate");
}

void hold_swapped_memory() {
    constexpr std::size_t kSize = 4 << 20;
    const std::string path = disk_directory("swap") + "/swap";
    const int fd = static_cast<int>(check(open(path.c_str(), O_RDWR | O_CREAT, 0600), "open " + path));
    check(posix_fallocate(fd, 0, 2 * kSize) == 0 ? 0 : -1, "posix_fallocate");
    const std::string signature = "SWAPSPACE2";
    const std::uint32_t header[] = {1, 2 * kSize / kPage - 1, 0};
    check(pwrite(fd, header, sizeof header, 1024), "write");
    check(pwrite(fd, signature.data(), signature.size(), kPage - 10), "write");
    fsync(fd);
    close(fd);
    check(swapon(path.c_str(), 0), "swapon");
    const auto memory = map_apart(kSize);
    fill_pattern(memory, 7);
    check(madvise(memory.data(), kSize, MADV_PAGEOUT), "MADV_PAGEOUT");
}

NAP_GUEST_HOLDER("hugetlb", hold_huge_page);
NAP_GUEST_HOLDER("hugetlb_empty", hold_untouched_huge_page);
NAP_GUEST_HOLDER("hugetlb_file", hold_huge_file);
NAP_GUEST_HOLDER("swapped", hold_swapped_memory);

}  // namespace
}  // namespace guest
