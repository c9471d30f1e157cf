// SPDX-License-Identifier: GPL-2.0-only
#include "agent/areas/area_search.hpp"

#include <algorithm>

#include "agent/kernel_memory/kept.hpp"

namespace nap::agent {

namespace {

struct Record {
    std::int32_t host_pid, unused;
    std::uint64_t start, end, flags, name, policy, file;
};

constexpr const char *kPass = "bpf_iter_task_vma", *kArea = "vm_area_struct", *kPolicy = "mempolicy";
// Of struct bpf_iter__task_vma: meta, task, vma. At the end of a pass there is neither task nor area.
constexpr std::uint64_t kVma = 16;
// VM_SEALED, until 6.16 and later; where it is the one, the other is nothing.
constexpr std::uint64_t kSealed = 1ULL << 63 | 1ULL << 42;
constexpr std::size_t kLongestName = 80;  // ANON_VMA_NAME_MAX_NAME_LEN
// MPOL_MODE_FLAGS; the kernel's own bits lie below.
constexpr std::uint16_t kStaticNodes = 1 << 15, kRelativeNodes = 1 << 14, kBalancing = 1 << 13;
constexpr std::uint16_t kModeFlags = kStaticNodes | kRelativeNodes | kBalancing;
constexpr std::uint16_t kLocal = 4;  // MPOL_LOCAL: no nodes

// The offset of a name, in kernels that can give one.
std::optional<std::uint64_t> name_offset(const Fields& fields) {
    const auto name = fields.offset(kArea, "anon_name");
    return name ? std::optional(*name) : std::nullopt;
}

// Until 6.1 areas of files have something else there.
bool names_anonymous_only(const Fields& fields) {
    const auto name = fields.offset(kArea, "anon_name"), shared = fields.offset(kArea, "shared");
    return name && shared && *name == *shared;
}

Result<std::string> read_name(const RunningKernel& kernel, std::uint64_t at) {
    NAP_TRY(const auto offset, kernel.fields().offset("anon_vma_name", "name"));
    std::string name;
    while (name.size() < kLongestName) {
        NAP_TRY(const char next, kernel.value<char>(at + offset + name.size()));
        if (next == '\0') break;
        name += next;
    }
    return name;
}

Result<AreaPolicy> read_policy(const RunningKernel& kernel, std::uint64_t at) {
    NAP_TRY(const auto mode, kernel.field<std::uint16_t>(at, kPolicy, "mode"));
    NAP_TRY(const auto flags, kernel.field<std::uint16_t>(at, kPolicy, "flags"));
    NAP_TRY(const auto home, kernel.field<std::int32_t>(at, kPolicy, "home_node"));
    // What the program has asked for, where that is kept beside what it means now
    const bool own = (flags & (kStaticNodes | kRelativeNodes)) != 0;
    NAP_TRY(const auto nodes, kernel.fields().offset(kPolicy, own ? "w" : "nodes"));
    NAP_TRY(const auto mask, kernel.fields().offset(kPolicy, "nodes"));
    NAP_TRY(const auto after_mask, kernel.fields().offset(kPolicy, "home_node"));
    AreaPolicy policy{
        .mode = static_cast<std::uint32_t>(mode | (flags & kModeFlags)), .home = home, .nodes = {}};
    if (mode != kLocal) {
        NAP_TRY(policy.nodes, kernel.bytes(at + nodes, after_mask - mask));
    }
    return policy;
}

}  // namespace

Result<const AreaSearch*> AreaSearch::get() {
    return kept<&AreaSearch::load>();
}

Result<AreaSearch> AreaSearch::load(const RunningKernel& kernel) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto tgid, fields.offset("task_struct", "tgid"));
    NAP_TRY(const auto start, fields.offset(kArea, "vm_start"));
    NAP_TRY(const auto end, fields.offset(kArea, "vm_end"));
    NAP_TRY(const auto flags, fields.offset(kArea, "vm_flags"));
    NAP_TRY(const auto file, fields.offset(kArea, "vm_file"));
    const auto policy = fields.offset(kArea, "vm_policy");  // none without CONFIG_NUMA
    PassCode code(sizeof(Record));
    code.load(BPF_DW, BPF_REG_7, BPF_REG_6, kVma).unless_there(BPF_REG_7);
    code.begin_task(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_9, BPF_REG_7, flags)
        .wide(BPF_REG_1, kSealed)
        .with(BPF_AND, BPF_REG_9, BPF_REG_1);
    code.into_record(offsetof(Record, flags), BPF_DW, BPF_REG_9);
    code.wide(BPF_REG_1, 0).into_record(offsetof(Record, name), BPF_DW, BPF_REG_1);
    code.into_record(offsetof(Record, policy), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_2, BPF_REG_7, file).into_record(offsetof(Record, file), BPF_DW, BPF_REG_2);
    if (policy) {
        code.load(BPF_DW, BPF_REG_1, BPF_REG_7, *policy);
        code.into_record(offsetof(Record, policy), BPF_DW, BPF_REG_1);
        const auto there = code.begin_if(BPF_REG_1);
        code.wide(BPF_REG_9, kSealed).end_if(there);
    }
    if (const auto name = name_offset(fields)) {
        code.load(BPF_DW, BPF_REG_1, BPF_REG_7, *name);
        if (names_anonymous_only(fields)) {
            code.load(BPF_DW, BPF_REG_2, BPF_REG_7, file);
            const auto of_a_file = code.begin_if(BPF_REG_2);
            code.wide(BPF_REG_1, 0).end_if(of_a_file);
        }
        code.into_record(offsetof(Record, name), BPF_DW, BPF_REG_1);
        const auto there = code.begin_if(BPF_REG_1);
        code.wide(BPF_REG_9, kSealed).end_if(there);
    }
    code.unless_there(BPF_REG_9);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, tgid).into_record(offsetof(Record, host_pid), BPF_W, BPF_REG_1);
    code.wide(BPF_REG_1, 0).into_record(offsetof(Record, unused), BPF_W, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, start).into_record(offsetof(Record, start), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, end).into_record(offsetof(Record, end), BPF_DW, BPF_REG_1);
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, kPass, code.finish()));
    return AreaSearch(kernel, std::move(pass));
}

Result<std::vector<SetArea>> AreaSearch::run() const {
    NAP_TRY(const auto records, pass_.run<Record>());
    std::vector<SetArea> areas;
    for (const Record& record : records) {
        SetArea area{.host_pid = record.host_pid,
                     .start = record.start,
                     .end = record.end,
                     .name = {},
                     .policy = {},
                     .sealed = record.flags != 0,
                     .shared = record.file != 0};
        if (record.name != 0) {
            NAP_TRY(area.name, read_name(*kernel_, record.name));
        }
        if (record.policy != 0) {
            NAP_TRY(area.policy, read_policy(*kernel_, record.policy));
        }
        areas.push_back(std::move(area));
    }
    return areas;
}

}  // namespace nap::agent
