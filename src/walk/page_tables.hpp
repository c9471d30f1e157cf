// SPDX-License-Identifier: GPL-2.0-only
// Page tables of x86-64 with 4 and 5 levels (Intel SDM volume 3, chapter 4; arch/x86/include/asm/pgtable*.h),
// as Linux fills them: entries without access, swap entries, migration entries.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "walk/kernel_memory.hpp"

namespace nap::walk {

inline constexpr std::size_t kTableEntries = 512;

struct TableEntry {
    static constexpr std::uint64_t kPresent = 1, kAccessed = 1 << 5, kDirty = 1 << 6, kLeaf = 1 << 7;
    static constexpr std::uint64_t kNoAccess = 1 << 8, kSpecial = 1 << 9;
    static constexpr std::uint64_t kAddress = 0x000f'ffff'ffff'f000;

    std::uint64_t value = 0;

    // Some processors set these two bits in empty entries (_PAGE_KNL_ERRATUM_MASK).
    [[nodiscard]] bool empty() const { return (value & ~(kAccessed | kDirty)) == 0; }
    [[nodiscard]] bool present() const { return (value & kPresent) != 0; }
    // A page is mapped here: for the processor, or (PROT_NONE) for the kernel alone.
    [[nodiscard]] bool mapped() const { return (value & (kPresent | kNoAccess)) != 0; }
    [[nodiscard]] bool leaf() const { return (value & kLeaf) != 0; }  // above the lowest level
    // The kernel holds no reference on the page: zero page, device memory.
    [[nodiscard]] bool special() const { return (value & kSpecial) != 0; }
    // Of a mapped entry. Without access the address is stored inverted, against L1TF.
    [[nodiscard]] PageFrame frame() const {
        return {((present() ? value : ~value) & kAddress) >> kPageShift};
    }
    // Of an entry neither empty nor mapped: the content lies in a swap area. The upper types of the five bits
    // mean migration, poison and markers (include/linux/swap.h); which exactly depends on the kernel's
    // configuration, but no configuration has fewer than 22 swap areas.
    [[nodiscard]] bool swapped() const { return value >> 59 < 22; }
};

using Table = std::array<TableEntry, kTableEntries>;

// Copies the table at `at`, each entry read once; false if it is not in K.
bool read_table(const KernelMemory& memory, GuestPhysical at, Table& table);

// What a kernel address is mapped to by the tables from `root` on: the guest-physical address, and how many
// bytes from there on are mapped by the same leaf.
struct Translation {
    GuestPhysical to;
    std::uint64_t size = 0;
};
std::optional<Translation> translate(const KernelMemory& memory, GuestPhysical root, VirtualAddress address);

// "Reading a process's page tables failed: the table at ... <why>."
std::unexpected<Error> bad_table(GuestPhysical at, std::string_view why);

// The tables seen so far. Linux uses each one in one place, so a second visit shows tables that are no
// tables; it also bounds the work by the size of K.
class VisitedTables {
  public:
    VisitedTables(FrameRange frames, std::uint64_t limit) : seen_(frames.pages), left_(limit) {}
    Result<> visit(GuestPhysical table);

  private:
    std::vector<bool> seen_;  // by page frame of K
    std::uint64_t left_;
};

// Visits what the user half of the address space maps, ascending. The visitor is told of
//   Result<> page_table(VirtualAddress first, const Table&)             a table of 4 KiB entries
//   Result<> large(VirtualAddress, TableEntry leaf, PageFrame, std::uint64_t pages)  a mapped 2 MiB or 1 GiB
//   page void unsettled(TableEntry)                    an upper entry that is neither empty nor mapped
template <class Visitor>
class UserHalf {
  public:
    UserHalf(const KernelMemory& memory, VisitedTables& visited, Visitor& visitor)
        : memory_(memory), visited_(visited), visitor_(visitor) {}

    Result<> walk(GuestPhysical root) {
        return memory_.five_levels() ? table<5>(root, 0) : table<4>(root, 0);
    }

  private:
    template <int Level>
    Result<> table(GuestPhysical at, std::uint64_t first) {
        NAP_CHECK(visited_.visit(at));
        Table entries;
        if (!read_table(memory_, at, entries)) return bad_table(at, "lies outside of kernel memory");
        if constexpr (Level == 1) {
            return visitor_.page_table({first}, entries);
        } else {
            constexpr int kShift = kPageShift + 9 * (Level - 1);
            const bool top = Level == (memory_.five_levels() ? 5 : 4);
            for (std::size_t i = 0; i < (top ? kTableEntries / 2 : kTableEntries); ++i)
                if (!entries[i].empty())
                    NAP_CHECK(entry<Level>(entries[i], first + (std::uint64_t{i} << kShift)));
            return {};
        }
    }

    template <int Level>
    Result<> entry(TableEntry entry, std::uint64_t first) {
        constexpr std::uint64_t kPages = 1ULL << (9 * (Level - 1));
        if (Level <= 3 && entry.leaf() && entry.mapped())
            return visitor_.large({first}, entry, {entry.frame().value & ~(kPages - 1)}, kPages);
        if (!entry.present()) {
            visitor_.unsettled(entry);
            return {};
        }
        if (entry.leaf()) return bad_table(entry.frame().address(), "is marked as a page larger than 1 GiB");
        return table<Level - 1>(entry.frame().address(), first);
    }

    const KernelMemory& memory_;
    VisitedTables& visited_;
    Visitor& visitor_;
};

}  // namespace nap::walk
