// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/undo_values.hpp"

#include <cstring>
#include <set>
#include <string>

#include "agent/files/owned_descriptor.hpp"
#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

namespace {

constexpr int kSetsLimit = 1 << 20;

// Those of one list, which belongs to a process, or to those of its threads that share it.
Result<> read_list(const RunningKernel& kernel, std::uint64_t list, pid_t pid,
                   const std::map<std::int32_t, std::uint32_t>& sets, std::vector<UndoValue>& values) {
    NAP_TRY(const std::uint64_t head, kernel.fields().offset("sem_undo_list", "list_proc"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("sem_undo", "list_proc"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(list + head));
    for (int i = 0; i < kSetsLimit && at != list + head; ++i) {
        const std::uint64_t undo = at - node;
        NAP_TRY(at, kernel.value<std::uint64_t>(at));
        NAP_TRY(const auto id, kernel.field<std::int32_t>(undo, "sem_undo", "semid"));
        const auto set = sets.find(id);
        if (set == sets.end()) continue;  // removed
        NAP_TRY(const auto array, kernel.field(undo, "sem_undo", "semadj"));
        NAP_TRY(const std::string adjustments, kernel.bytes(array, set->second * sizeof(std::int16_t)));
        for (std::uint32_t n = 0; n < set->second; ++n) {
            std::int16_t value = 0;
            std::memcpy(&value, adjustments.data() + n * sizeof value, sizeof value);
            if (value != 0) values.push_back({pid, id, n, value});
        }
    }
    return {};
}

}  // namespace

Result<std::vector<UndoValue>> read_undo_values(const RunningKernel& kernel,
                                                const std::map<std::int32_t, std::uint32_t>& sets) {
    std::vector<UndoValue> values;
    if (sets.empty()) return values;
    NAP_TRY(const auto running, read_kernel_tasks(kernel));
    Owners owners;
    for (const auto& [host_pid, process] : running) {
        NAP_TRY(const auto threads, process.threads());
        std::set<std::uint64_t> lists;
        for (const KernelTask& thread : threads) {
            NAP_TRY(const std::uint64_t list, thread.field("sysvsem"));
            if (list == 0 || !lists.insert(list).second) continue;  // most have none, and cost no more
            if (const pid_t pid = owners.pid_of(host_pid); pid != 0)
                NAP_CHECK(read_list(kernel, list, pid, sets, values));
        }
    }
    return values;
}

}  // namespace nap::agent
