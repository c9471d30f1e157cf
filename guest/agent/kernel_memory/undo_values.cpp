// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/undo_values.hpp"

#include <cstddef>
#include <cstring>
#include <set>
#include <string>

#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/userland_pids.hpp"

namespace nap::agent {

namespace {

constexpr int kSetsLimit = 1 << 20;

struct Record {
    std::uint64_t list, host_pid;
};

Result<KernelPass> load(const RunningKernel& kernel) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto list, fields.offset("task_struct", "sysvsem"));
    NAP_TRY(const auto process, fields.offset("task_struct", "tgid"));
    PassCode code(sizeof(Record));
    code.begin_task(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_8, list).unless_there(BPF_REG_1);  // most have none
    code.into_record(offsetof(Record, list), BPF_DW, BPF_REG_1);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, process);
    code.into_record(offsetof(Record, host_pid), BPF_DW, BPF_REG_1);
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, "bpf_iter_task", code.finish()));
    return pass;
}

}  // namespace

Result<> prepare_undo_lists() {
    NAP_CHECK(kept<&load>());
    return UserlandPids::prepare();
}

Result<std::vector<UndoList>> find_undo_lists() {
    NAP_TRY(const KernelPass* pass, kept<&load>());
    NAP_TRY(const auto records, pass->run<Record>());
    std::vector<UndoList> lists;
    if (records.empty()) return lists;
    NAP_TRY(const UserlandPids pids, UserlandPids::look());
    std::set<std::uint64_t> seen;
    for (const auto& [list, host_pid] : records)
        if (const pid_t pid = pids.of(static_cast<pid_t>(host_pid)); pid != 0 && seen.insert(list).second)
            lists.push_back({pid, list});
    return lists;
}

Result<std::vector<UndoValue>> read_undo_list(const RunningKernel& kernel, const UndoList& list,
                                              const std::map<std::int32_t, std::uint32_t>& sets) {
    std::vector<UndoValue> values;
    NAP_TRY(const std::uint64_t head, kernel.fields().offset("sem_undo_list", "list_proc"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("sem_undo", "list_proc"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(list.address + head));
    for (int i = 0; i < kSetsLimit && at != list.address + head; ++i) {
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
            if (value != 0) values.push_back({list.pid, id, n, value});
        }
    }
    return values;
}

}  // namespace nap::agent
