// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/apart_namespaces.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "agent/kernel_memory/ipc_namespace.hpp"
#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

namespace {

struct Record {
    std::uint64_t ipc, user, pid, number, process, memory_user;
    std::array<std::uint64_t, 3> owners;
};

struct Owned {
    std::string_view link, type;
};
constexpr std::array kOwned = {Owned{"ipc_ns", "ipc_namespace"}, Owned{"uts_ns", "uts_namespace"},
                               Owned{"mnt_ns", "mnt_namespace"}};

void put(std::vector<ApartNamespace>& all, std::uint64_t address, const ApartMember& member) {
    for (ApartNamespace& known : all)
        if (known.address == address) return known.members.push_back(member);
    all.push_back({address, {member}});
}

}  // namespace

Result<ApartMember> process_of(const ApartNamespace& apart) {
    const auto process = std::ranges::find(apart.members, true, &ApartMember::first);
    if (process != apart.members.end()) return *process;
    return fail(ErrorKind::refused, "pid " + std::to_string(apart.members.front().tid) +
                                        " is a thread in a namespace without its process");
}

Result<const ApartSearch*> ApartSearch::get() {
    return kept<&ApartSearch::load>();
}

Result<ApartSearch> ApartSearch::load(const RunningKernel& kernel) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto namespaces, fields.offset("task_struct", "nsproxy"));
    NAP_TRY(const auto ipc, fields.offset("nsproxy", "ipc_ns"));
    NAP_TRY(const auto credentials, fields.offset("task_struct", "cred"));
    NAP_TRY(const auto user, fields.offset("cred", "user_ns"));
    NAP_TRY(const auto pid, fields.offset("task_struct", "thread_pid"));
    NAP_TRY(const auto number, fields.offset("task_struct", "pid"));
    NAP_TRY(const auto process, fields.offset("task_struct", "tgid"));
    NAP_TRY(const auto memory, fields.offset("task_struct", "mm"));
    NAP_TRY(const auto memory_user, fields.offset("mm_struct", "user_ns"));
    PassCode code(sizeof(Record));
    code.begin_task(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_8, credentials).unless_there(BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_1, user).into_record(offsetof(Record, user), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_8, pid).into_record(offsetof(Record, pid), BPF_DW, BPF_REG_1);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, number);
    code.into_record(offsetof(Record, number), BPF_DW, BPF_REG_1);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, process);
    code.into_record(offsetof(Record, process), BPF_DW, BPF_REG_1);
    code.set(BPF_REG_2, 0).load(BPF_DW, BPF_REG_1, BPF_REG_8, memory);
    const auto has_memory = code.begin_if(BPF_REG_1);
    code.load(BPF_DW, BPF_REG_2, BPF_REG_1, memory_user).end_if(has_memory);
    code.into_record(offsetof(Record, memory_user), BPF_DW, BPF_REG_2);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_8, namespaces).unless_there(BPF_REG_7);  // it has ended
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, ipc).into_record(offsetof(Record, ipc), BPF_DW, BPF_REG_1);
    for (std::size_t i = 0; i < kOwned.size(); ++i) {
        NAP_TRY(const auto link, fields.offset("nsproxy", kOwned[i].link));
        NAP_TRY(const auto owner, fields.offset(kOwned[i].type, "user_ns"));
        code.load(BPF_DW, BPF_REG_1, BPF_REG_7, link).load(BPF_DW, BPF_REG_1, BPF_REG_1, owner);
        const auto at = offsetof(Record, owners) + i * sizeof(std::uint64_t);
        code.into_record(static_cast<std::int16_t>(at), BPF_DW, BPF_REG_1);
    }
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, "bpf_iter_task", code.finish()));
    return ApartSearch(kernel, std::move(pass));
}

Result<ApartNamespaces> ApartSearch::run(pid_t init) const {
    NAP_TRY(const std::uint64_t own_ipc, find_ipc_namespace(*kernel_, init));
    NAP_TRY(const KernelTask task, find_kernel_task(*kernel_, init));
    NAP_TRY(const std::uint64_t credentials, task.field("cred"));
    NAP_TRY(const std::uint64_t own_user, kernel_->field(credentials, "cred", "user_ns"));
    NAP_TRY(const auto records, pass_.run<Record>());
    ApartNamespaces apart;
    for (const Record& record : records) {
        const bool owned = std::ranges::any_of(record.owners, [&](auto owner) { return owner != own_user; });
        if (record.pid == 0 || (record.ipc == own_ipc && record.user == own_user && !owned)) continue;
        NAP_TRY(const auto tid, number_inside(*kernel_, record.pid));
        if (tid == 0) continue;
        const ApartMember member{.tid = tid,
                                 .host_tid = static_cast<std::int32_t>(record.number),
                                 .first = record.number == record.process,
                                 .memory = record.memory_user == record.user};
        if (record.ipc != own_ipc) put(apart.ipc, record.ipc, member);
        if (record.user != own_user) put(apart.user, record.user, member);
        if (owned) apart.in_owned.push_back(member);
    }
    return apart;
}

Result<SeenUserNamespace> see_user_namespace(const RunningKernel& kernel, std::uint64_t user_namespace) {
    SeenUserNamespace seen;
    NAP_TRY(const auto common, kernel.fields().offset("user_namespace", "ns"));
    NAP_TRY(seen.inode, kernel.field<std::uint32_t>(user_namespace + common, "ns_common", "inum"));
    NAP_TRY(seen.level, kernel.field<std::int32_t>(user_namespace, "user_namespace", "level"));
    NAP_TRY(seen.owner, kernel.field<std::uint32_t>(user_namespace, "user_namespace", "owner"));
    return seen;
}

}  // namespace nap::agent
