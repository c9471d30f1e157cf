// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/session_rings.hpp"

#include <map>

#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

namespace {

struct Record {
    std::uint64_t ring, pid;
};

constexpr std::string_view kDefault = "_uid_ses.";

Result<SessionRing> read_ring(const RunningKernel& kernel, std::uint64_t at) {
    SessionRing ring;
    NAP_TRY(ring.serial, kernel.field<std::int32_t>(at, "key", "serial"));
    NAP_TRY(ring.uid, kernel.field<std::uint32_t>(at, "key", "uid"));
    NAP_TRY(ring.gid, kernel.field<std::uint32_t>(at, "key", "gid"));
    NAP_TRY(ring.permissions, kernel.field<std::uint32_t>(at, "key", "perm"));
    NAP_TRY(ring.name, read_key_description(kernel, at));
    NAP_TRY(ring.links, read_ring_links(kernel, at));
    return ring;
}

}  // namespace

Result<const SessionRingSearch*> SessionRingSearch::get() {
    return kept<&SessionRingSearch::load>();
}

Result<SessionRingSearch> SessionRingSearch::load(const RunningKernel& kernel) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto credentials, fields.offset("task_struct", "cred"));
    NAP_TRY(const auto session, fields.offset("cred", "session_keyring"));
    NAP_TRY(const auto pid, fields.offset("task_struct", "thread_pid"));
    PassCode code(sizeof(Record));
    code.begin_task(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_8, credentials);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_1, session).unless_there(BPF_REG_1);
    code.into_record(offsetof(Record, ring), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_8, pid).into_record(offsetof(Record, pid), BPF_DW, BPF_REG_1);
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, "bpf_iter_task", code.finish()));
    return SessionRingSearch(kernel, std::move(pass));
}

Result<std::vector<SessionRing>> SessionRingSearch::run() const {
    NAP_TRY(const auto records, pass_.run<Record>());
    std::map<std::uint64_t, SessionRing> rings;
    for (const auto& [ring, pid] : records) {
        if (pid == 0) continue;  // it has ended
        NAP_TRY(const auto tid, number_inside(*kernel_, pid));
        if (tid == 0) continue;
        if (!rings.contains(ring)) {
            NAP_TRY(rings[ring], read_ring(*kernel_, ring));
        }
        rings[ring].tids.push_back(tid);
    }
    std::vector<SessionRing> found;
    for (auto& [address, ring] : rings)
        if (!ring.name.starts_with(kDefault)) found.push_back(std::move(ring));
    return found;
}

}  // namespace nap::agent
