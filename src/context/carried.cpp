// SPDX-License-Identifier: GPL-2.0-only
// Carried: a process's mappings, cut at the borders of what CRIU's images carry.
#include "context/carried.hpp"

#include <algorithm>
#include <string>

#include "context/hex.hpp"

namespace nap::context {

namespace {
// Appends pages [first, end) of a mapping; whole 2 MiB pages of a huge one stay huge.
void append(std::vector<Mapping>& pieces, const Mapping& mapping, std::uint64_t first, std::uint64_t end) {
    if (first == end) return;
    if (!mapping.huge) {
        pieces.push_back(mapping.part(first, end - first));
        return;
    }
    const auto whole = std::min(end, (first + kHugePagePages - 1) / kHugePagePages * kHugePagePages);
    const auto rest = std::max(whole, end / kHugePagePages * kHugePagePages);
    if (first != whole) pieces.push_back(mapping.part(first, whole - first));
    if (whole != rest) pieces.push_back(mapping.part(whole, rest - whole));
    if (rest != end) pieces.push_back(mapping.part(rest, end - rest));
}
}  // namespace

bool AddressRange::in_user_space() const {
    return first.value % kPageSize == 0 && first < kUserSpaceEnd && pages != 0 &&
           pages <= (kUserSpaceEnd.value - first.value) / kPageSize;
}

Result<> check(const Carried& carried) {
    for (const auto& [pid, ranges] : carried) {
        VirtualAddress end;
        for (const auto& range : ranges) {
            if (range.first < end || !range.in_user_space())
                return fail(ErrorKind::protocol,
                            "Reading what CRIU carries of process " + std::to_string(pid) +
                                " failed: its range of " + std::to_string(range.pages) + " pages at " +
                                hex(range.first.value) + " is misaligned, out of order or out of range.");
            end = range.end();
        }
    }
    return {};
}

Split split(const TaskMap& task, const Carried& carried) {
    const auto found = carried.find(task.pid);
    if (found == carried.end() || found->second.empty()) return {task.mappings, {}};
    Split pieces;
    pieces.adopted.reserve(task.mappings.size());
    auto range = found->second.begin();
    const auto last = found->second.end();
    for (const auto& mapping : task.mappings) {
        while (range != last && range->end() <= mapping.address) ++range;
        std::uint64_t done = 0;
        for (auto cut = range; cut != last && cut->first < mapping.end(); ++cut) {
            const auto from =
                (std::max(cut->first, mapping.address).value - mapping.address.value) / kPageSize;
            const auto to = (std::min(cut->end(), mapping.end()).value - mapping.address.value) / kPageSize;
            append(pieces.adopted, mapping, done, from);
            append(pieces.carried, mapping, from, to);
            done = to;
        }
        append(pieces.adopted, mapping, done, mapping.pages);
    }
    return pieces;
}

}  // namespace nap::context
