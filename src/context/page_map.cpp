// SPDX-License-Identifier: GPL-2.0-only
// Page map: what makes one well-formed.
#include "context/page_map.hpp"

#include "context/hex.hpp"

namespace nap::context {

namespace {
constexpr std::uint64_t kFrameEnd = 1ULL << 40;  // 52 bits of physical address

bool well_formed(const Mapping& mapping) {
    if (mapping.address.value % kPageSize != 0 || mapping.address >= kUserSpaceEnd) return false;
    if (mapping.pages == 0 || mapping.pages > (kUserSpaceEnd.value - mapping.address.value) / kPageSize)
        return false;
    if (mapping.frame.value >= kFrameEnd || mapping.pages > kFrameEnd - mapping.frame.value) return false;
    return !mapping.huge ||
           (mapping.address.value % kHugePageSize == 0 && mapping.frame.value % kHugePagePages == 0 &&
            mapping.pages % kHugePagePages == 0);
}

Result<> check(const TaskMap& task) {
    VirtualAddress end;
    for (const auto& mapping : task.mappings) {
        if (!well_formed(mapping) || mapping.address < end)
            return fail(ErrorKind::protocol, "Reading the page map of " + describe(task) +
                                                 " failed: its piece at " + hex(mapping.address.value) +
                                                 " of " + std::to_string(mapping.pages) +
                                                 " pages from frame " + hex(mapping.frame.value) +
                                                 " on is misaligned, overlaps another or is out of range.");
        end = mapping.end();
    }
    return {};
}
}  // namespace

Mapping Mapping::part(std::uint64_t first, std::uint64_t count) const {
    return {{address.value + first * kPageSize},
            {frame.value + first},
            count,
            huge && first % kHugePagePages == 0 && count % kHugePagePages == 0};
}

Result<> check(const PageMap& map) {
    const TaskMap* before = nullptr;
    for (const auto& task : map.tasks) {
        if (task.pid <= 0 || (before != nullptr && task.pid <= before->pid))
            return fail(ErrorKind::protocol, "Reading the page map failed: " + describe(task) +
                                                 " is not in the order of the PIDs.");
        NAP_CHECK(check(task));
        before = &task;
    }
    return {};
}

std::string describe(const TaskMap& task) {
    return "process " + std::to_string(task.pid) + " (" + task.name + ")";
}

}  // namespace nap::context
