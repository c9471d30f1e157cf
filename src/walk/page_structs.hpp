// SPDX-License-Identifier: GPL-2.0-only
// Page structs: the kernel's array of struct page (vmemmap), one for each page frame of K and U, which tells
// what a page is used for (include/linux/mm_types.h, include/linux/page-flags.h: PAGE_MAPPING_FLAGS).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "walk/kernel_memory.hpp"
#include "walk/layout.hpp"

namespace nap::walk {

enum class PageUse : std::uint8_t {
    anonymous,      // private to processes, KSM pages included
    shared_memory,  // page cache of a tmpfs: shared anonymous, memfd, System V, files of tmpfs
    file,           // page cache of any other file
    special,        // of the kernel: zero page, vdso, buffers mapped by drivers; or no memory at all
};

class PageStructs {
  public:
    // `root`: page tables that map the array (any process's).
    static Result<PageStructs> locate(const KernelMemory& memory, const KernelLayout& layout,
                                      GuestPhysical root, FrameRange user);

    [[nodiscard]] PageUse use_of(PageFrame frame) const;

    void prefetch(PageFrame frame) const {
        if (const auto* at = word(frame.value * size_ + mapping_)) __builtin_prefetch(at);
    }

  private:
    PageStructs(const KernelMemory& memory, const KernelLayout& layout, FrameRange user);

    // The word at an offset into the array; nullptr where it describes neither K nor U, or does not lie in K.
    [[nodiscard]] const std::byte* word(std::uint64_t offset) const {
        const auto page = offset >> kPageShift;
        if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
        return pages_[page] + (offset & (kPageSize - 8));
    }
    [[nodiscard]] bool in_memory(PageFrame frame) const {
        return memory_->frames().contains(frame) || user_.contains(frame);
    }
    void locate(GuestPhysical root, FrameRange frames);
    [[nodiscard]] PageUse use_of_mapping(std::uint64_t mapping) const;
    [[nodiscard]] PageUse read_mapping(std::uint64_t mapping) const;

    const KernelMemory* memory_;
    KernelLayout layout_;
    FrameRange user_;
    std::uint64_t size_, mapping_, compound_head_;
    std::vector<const std::byte*> pages_;  // each page of the array, in K

    struct Known {
        std::uint64_t mapping = 0;
        PageUse use = PageUse::special;
    };
    mutable std::array<Known, 256> known_{};  // file mappings met lately, by hash
};

}  // namespace nap::walk
