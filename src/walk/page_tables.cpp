// SPDX-License-Identifier: GPL-2.0-only
// Page tables of x86-64 with 4 and 5 levels, as Linux fills them.
#include "walk/page_tables.hpp"

#include <string>

#include "context/hex.hpp"

namespace nap::walk {

bool read_table(const KernelMemory& memory, GuestPhysical at, Table& table) {
    const auto* from = memory.find(at, kPageSize);
    if (from == nullptr) return false;
    for (std::size_t i = 0; i < kTableEntries; ++i) table[i].value = load_once<std::uint64_t>(from + 8 * i);
    return true;
}

std::optional<Translation> translate(const KernelMemory& memory, GuestPhysical root, VirtualAddress address) {
    auto table = root;
    for (int level = memory.five_levels() ? 5 : 4; level >= 1; --level) {
        const auto shift = static_cast<int>(kPageShift) + 9 * (level - 1);
        const auto* at = memory.find({table.value + (address.value >> shift & 511) * 8}, 8);
        if (at == nullptr) return std::nullopt;
        const TableEntry entry{load_once<std::uint64_t>(at)};
        if (!entry.present()) return std::nullopt;
        table = entry.frame().address();
        if (level > 1 && !entry.leaf()) continue;
        if (level > 3) return std::nullopt;
        const auto size = 1ULL << shift, within = address.value & (size - 1);
        return Translation{{(table.value & ~(size - 1)) + within}, size - within};
    }
    return std::nullopt;
}

Result<> VisitedTables::visit(GuestPhysical table) {
    const auto frame = table.value >> kPageShift;
    if (frame >= seen_.size()) return bad_table(table, "lies outside of kernel memory");
    if (seen_[frame]) return bad_table(table, "is used in two places");
    if (left_ == 0) return bad_table(table, "is one more than the limit");
    seen_[frame] = true;
    --left_;
    return {};
}

std::unexpected<Error> bad_table(GuestPhysical at, std::string_view why) {
    return fail(ErrorKind::protocol, "Reading a process's page tables failed: the table at guest-physical " +
                                         context::hex(at.value) + " " + std::string(why) + ".");
}

}  // namespace nap::walk
