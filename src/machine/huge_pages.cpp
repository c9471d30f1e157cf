// SPDX-License-Identifier: GPL-2.0-only
#include "machine/huge_pages.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/fd.hpp"

namespace nap::machine {

namespace {

// MADV_COLLAPSE, which libc's headers may not know; MADV_POPULATE_READ, which is a fault without SIGBUS.
constexpr int kCollapse = 25, kPopulate = 22;

// The file, mapped where a 2 MiB page of it can be mapped as such.
class AlignedMapping {
  public:
    static Result<AlignedMapping> of(const std::filesystem::path& file, std::uint64_t size) {
        NAP_TRY(const UniqueFd fd, open_file(file, O_RDONLY));
        AlignedMapping mapping(size + kHugePageSize);
        mapping.reserved_ =
            ::mmap(nullptr, mapping.length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapping.reserved_ == MAP_FAILED)
            return fail_errno("cannot reserve addresses for " + file.string());
        auto space = mapping.length_;
        mapping.begin_ = mapping.reserved_;
        std::align(kHugePageSize, size, mapping.begin_, space);
        if (::mmap(mapping.begin_, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd.get(), 0) == MAP_FAILED)
            return fail_errno("cannot map " + file.string());
        return mapping;
    }
    AlignedMapping(AlignedMapping&& other) noexcept
        : reserved_(std::exchange(other.reserved_, MAP_FAILED)),
          begin_(other.begin_),
          length_(other.length_) {}
    AlignedMapping(const AlignedMapping&) = delete;
    AlignedMapping& operator=(const AlignedMapping&) = delete;
    AlignedMapping& operator=(AlignedMapping&&) = delete;
    ~AlignedMapping() {
        if (reserved_ != MAP_FAILED) ::munmap(reserved_, length_);
    }
    [[nodiscard]] void* at(std::uint64_t offset) const { return static_cast<std::byte*>(begin_) + offset; }

  private:
    explicit AlignedMapping(std::uint64_t length) : length_(length) {}
    void* reserved_ = MAP_FAILED;
    void* begin_ = nullptr;
    std::uint64_t length_;
};

// "7fbd5c400000-7fbd64400000 rw-s 00000000 00:1b 1242950   /dev/shm/x" begins an area, "Rss:   32768 kB"
// tells of it.
bool begins_area(std::string_view line) {
    const auto dash = line.find('-'), space = line.find(' ');
    return dash != line.npos && space != line.npos && dash < space && line.find(':') > space;
}

}  // namespace

std::uint64_t mapped_by_huge_pages(std::string_view smaps, const std::filesystem::path& file) {
    const std::string name = " " + file.string();
    std::uint64_t kib = 0;
    bool inside = false;
    while (!smaps.empty()) {
        const auto end = smaps.find('\n');
        const auto line = smaps.substr(0, end);
        smaps.remove_prefix(end == smaps.npos ? smaps.size() : end + 1);
        if (begins_area(line)) {
            inside = line.ends_with(name);
            continue;
        }
        if (!inside) continue;
        for (const std::string_view field : {"ShmemPmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"})
            if (line.starts_with(field))
                kib += std::strtoull(std::string(line.substr(field.size())).c_str(), nullptr, 10);
    }
    return kib * kKiB;
}

Result<std::uint64_t> gather_on_huge_pages(const std::filesystem::path& file, FrameRange whole,
                                           std::span<const FrameRange> blocks,
                                           std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    NAP_TRY(const auto mapping, AlignedMapping::of(file, whole.pages * kPageSize));
    for (const auto& block : blocks) {
        if (!whole.contains(block.first, block.pages))
            return fail(ErrorKind::internal, "blocks to gather lie outside " + file.string());
        const auto first = (block.first.value - whole.first.value) * kPageSize;
        for (std::uint64_t done = 0; done < block.pages * kPageSize; done += kHugePageSize) {
            if (std::chrono::steady_clock::now() >= deadline) break;
            // Refused, for want of memory in one piece or where the host cannot: it stays small. What it
            // answers is not to be relied upon (Linux 6.1); what is mapped then is
            (void)::madvise(mapping.at(first + done), kHugePageSize, kCollapse);
            (void)::madvise(mapping.at(first + done), kPageSize, kPopulate);
        }
    }
    NAP_TRY(const auto smaps, read_file("/proc/self/smaps"));
    return mapped_by_huge_pages(smaps, file);
}

}  // namespace nap::machine
