// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/userland_pids.hpp"

#include <cstddef>
#include <cstdint>

#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

namespace {

struct Record {
    std::uint64_t host_tid, tid;
};

// The kernel's struct pid ends with an array of struct upid, one for each namespace, the initial one's first.
// Its type says that it has one: what lies behind it is read as memory.
Result<KernelPass> load(const RunningKernel& kernel) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto number, fields.offset("task_struct", "pid"));
    NAP_TRY(const auto pid, fields.offset("task_struct", "thread_pid"));
    NAP_TRY(const auto level, fields.offset("pid", "level"));
    NAP_TRY(const auto numbers, fields.offset("pid", "numbers"));
    NAP_TRY(const auto size, fields.size("upid"));
    NAP_TRY(const auto inside, fields.offset("upid", "nr"));
    PassCode code(sizeof(Record));
    code.begin_task(BPF_REG_8);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, number).into_record(offsetof(Record, host_tid), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_8, pid).unless_there(BPF_REG_7);  // it has ended
    code.load(BPF_W, BPF_REG_1, BPF_REG_7, level).unless_there(BPF_REG_1);
    code.read_into_record(offsetof(Record, tid), BPF_REG_7, numbers + size + inside);
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, "bpf_iter_task", code.finish()));
    return pass;
}

}  // namespace

Result<> UserlandPids::prepare() {
    NAP_CHECK(kept<&load>());
    return {};
}

Result<UserlandPids> UserlandPids::look() {
    NAP_TRY(const KernelPass* pass, kept<&load>());
    NAP_TRY(const auto records, pass->run<Record>());
    UserlandPids pids;
    for (const Record& record : records)
        pids.known_[static_cast<pid_t>(record.host_tid)] = static_cast<pid_t>(record.tid);
    return pids;
}

pid_t UserlandPids::of(pid_t host_tid) const {
    const auto found = known_.find(host_tid);
    return found == known_.end() ? 0 : found->second;
}

}  // namespace nap::agent
