// SPDX-License-Identifier: GPL-2.0-only
// Page structs: the kernel's array of struct page, which tells what a page is used for.
#include "walk/page_structs.hpp"

#include <algorithm>

#include "context/hex.hpp"
#include "walk/page_tables.hpp"

namespace nap::walk {

namespace {
constexpr std::uint64_t kTail = 1;                                                     // of compound_head
constexpr std::uint64_t kAnonymous = 1, kMovable = 2, kFlags = kAnonymous | kMovable;  // of mapping
constexpr std::uint64_t kTmpfsMagic = 0x0102'1994;  // include/uapi/linux/magic.h
}  // namespace

PageStructs::PageStructs(const KernelMemory& memory, const KernelLayout& layout, FrameRange user)
    : memory_(&memory),
      layout_(layout),
      user_(user),
      size_(layout.page_size),
      mapping_(layout.page_mapping),
      compound_head_(layout.page_compound_head) {}

Result<PageStructs> PageStructs::locate(const KernelMemory& memory, const KernelLayout& layout,
                                        GuestPhysical root, FrameRange user) {
    PageStructs structs(memory, layout, user);
    const auto end = std::max(memory.frames().pages, user.first.value + user.pages);
    structs.pages_.resize((end * layout.page_size + kPageSize - 1) >> kPageShift);
    structs.locate(root, memory.frames());
    structs.locate(root, user);
    if (user.pages != 0 && structs.word(user.first.value * layout.page_size) == nullptr)
        return fail(ErrorKind::protocol,
                    "Reading the page structs failed: those of user memory, from frame " +
                        context::hex(user.first.value) + " on, are not mapped where the guest says (" +
                        context::hex(memory.page_structs().value) + ").");
    return structs;
}

void PageStructs::locate(GuestPhysical root, FrameRange frames) {
    auto at = frames.first.value * size_ & ~(kPageSize - 1);
    const auto end = (frames.first.value + frames.pages) * size_;
    while (at < end) {
        const auto found = translate(*memory_, root, {memory_->page_structs().value + at});
        const auto chunk_end = std::min(end, at + (found ? found->size : kPageSize));
        for (auto to = found ? found->to.value : 0; at < chunk_end; at += kPageSize, to += kPageSize)
            if (found) pages_[at >> kPageShift] = memory_->find({to}, kPageSize);
    }
}

PageUse PageStructs::use_of(PageFrame frame) const {
    if (!in_memory(frame)) return PageUse::special;
    const auto own = frame.value * size_;
    const auto* head = word(own + compound_head_);
    if (head == nullptr) return PageUse::special;
    const auto compound_head = load_once<std::uint64_t>(head);
    const auto described_by =
        (compound_head & kTail) != 0 ? compound_head - kTail - memory_->page_structs().value : own;
    const auto* mapping = word(described_by + mapping_);
    if (mapping == nullptr) return PageUse::special;
    return use_of_mapping(load_once<std::uint64_t>(mapping));
}

PageUse PageStructs::use_of_mapping(std::uint64_t mapping) const {
    if ((mapping & kAnonymous) != 0) return PageUse::anonymous;
    if (mapping == 0 || (mapping & kFlags) != 0) return PageUse::special;
    auto& known = known_[(mapping * 0x9e37'79b9'7f4a'7c15) >> 56];
    if (known.mapping != mapping) known = {mapping, read_mapping(mapping)};
    return known.use;
}

// A wild pointer is no error: the page of a file may have been reclaimed while we looked, and is not in the
// map.
PageUse PageStructs::read_mapping(std::uint64_t mapping) const {
    const auto inode = memory_->read<std::uint64_t>({mapping + layout_.mapping_host});
    if (!inode || *inode == 0) return PageUse::special;
    const auto super_block = memory_->read<std::uint64_t>({*inode + layout_.inode_sb});
    if (!super_block) return PageUse::special;
    const auto magic = memory_->read<std::uint64_t>({*super_block + layout_.sb_magic});
    if (!magic) return PageUse::special;
    return *magic == kTmpfsMagic ? PageUse::shared_memory : PageUse::file;
}

}  // namespace nap::walk
