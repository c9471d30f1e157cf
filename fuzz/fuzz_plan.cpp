// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a plan on the wire, and as a page map with carried ranges (records of 16 bytes): a plan
// accounts for every page, survives the wire, and the map verifies against itself as far as it lies in U.
#include <cstdlib>
#include <cstring>
#include <span>

#include "context/plan.hpp"
#include "context/verify.hpp"

namespace {
using namespace nap::context;
constexpr nap::FrameRange kUser{{0x10'0000}, 4096}, kKernel{{0}, 1024};

struct Record {
    std::uint8_t kind;  // 0: next task, 1: carried range, else a mapping
    std::uint8_t huge;
    std::uint16_t pages;
    std::uint32_t frame;
    std::uint64_t address;
};

void make(std::span<const std::uint8_t> bytes, PageMap& map, Carried& carried) {
    map.tasks.push_back({1, 101, "a", {}});
    for (; bytes.size() >= sizeof(Record); bytes = bytes.subspan(sizeof(Record))) {
        Record record;
        std::memcpy(&record, bytes.data(), sizeof record);
        const auto pid = map.tasks.back().pid;
        const nap::VirtualAddress address{(record.address & 0xff) == 0 ? record.address << 4
                                                                       : record.address};
        if (record.kind == 0)
            map.tasks.push_back({pid + 1, pid + 101, "b", {}});
        else if (record.kind == 1)
            carried[pid].push_back({address, record.pages});
        else
            map.tasks.back().mappings.push_back(
                {address, {record.frame}, record.pages, (record.huge & 1) != 0});
    }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::span(data, size);
    if (const auto decoded = decode(std::as_bytes(bytes))) {
        Plan plan;
        plan.tasks = *decoded;
        const auto again = decode(encode(plan));
        if (!again || *again != plan.tasks) std::abort();
    }
    PageMap map;
    Carried carried;
    make(bytes, map, carried);
    const auto plan = make_plan(map, carried, kUser, kKernel);
    if (!plan) return 0;
    std::uint64_t total = 0, in_runs = 0;
    for (const auto& task : map.tasks)
        for (const auto& mapping : task.mappings) total += mapping.pages;
    for (const auto& task : plan->tasks)
        for (const auto& run : task.runs) in_runs += run.pages;
    if (total != plan->total || in_runs != plan->adopted + plan->spilled_mappings) std::abort();
    const auto decoded = decode(encode(*plan));
    if (!decoded || *decoded != plan->tasks) std::abort();
    const auto verified = verify(map, map, carried, kUser);
    if (verified && verified->adopted != plan->adopted) std::abort();
    if (!verified && plan->carried == 0) std::abort();
    return 0;
}
