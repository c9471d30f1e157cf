// SPDX-License-Identifier: GPL-2.0-only
#include "agent/files/nameless_files.hpp"

#include <linux/magic.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <set>

#include "agent/kernel_memory/kept.hpp"

namespace nap::agent {

namespace {

struct Record {
    std::uint64_t inode, tgid, first, second;  // descriptor; or the area's start and end
};

// Of struct bpf_iter__task, __task_file and __task_vma. At the end of a pass there is no task.
constexpr std::uint64_t kTask = 8, kDescriptor = 16, kFile = 24, kArea = 16;

// Register 7 holds the file: goes on where it is what is looked for.
Result<> judge_file(PassCode& code, const Fields& fields) {
    NAP_TRY(const auto inode, fields.offset("file", "f_inode"));
    NAP_TRY(const auto names, fields.offset("inode", "i_nlink"));
    NAP_TRY(const auto mode, fields.offset("inode", "i_mode"));
    NAP_TRY(const auto file_system, fields.offset("inode", "i_sb"));
    NAP_TRY(const auto magic, fields.offset("super_block", "s_magic"));
    code.unless_there(BPF_REG_7).load(BPF_DW, BPF_REG_9, BPF_REG_7, inode);
    code.load(BPF_W, BPF_REG_1, BPF_REG_9, names).set(BPF_REG_2, 0).unless_equal(BPF_REG_1, BPF_REG_2);
    code.load(BPF_H, BPF_REG_1, BPF_REG_9, mode).set(BPF_REG_2, S_IFMT).with(BPF_AND, BPF_REG_1, BPF_REG_2);
    code.set(BPF_REG_2, S_IFREG).unless_equal(BPF_REG_1, BPF_REG_2);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_9, file_system).load(BPF_DW, BPF_REG_1, BPF_REG_1, magic);
    code.leave_out(BPF_REG_1, TMPFS_MAGIC);
    code.into_record(offsetof(Record, inode), BPF_DW, BPF_REG_9);
    return {};
}

Result<> note_task(PassCode& code, const Fields& fields) {
    NAP_TRY(const auto tgid, fields.offset("task_struct", "tgid"));
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, tgid).into_record(offsetof(Record, tgid), BPF_DW, BPF_REG_1);
    return {};
}

Result<KernelPass> pass_over_open(const RunningKernel& kernel) {
    PassCode code(sizeof(Record));
    code.load(BPF_DW, BPF_REG_8, BPF_REG_6, kTask).unless_there(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_6, kFile);
    NAP_CHECK(judge_file(code, kernel.fields()));
    NAP_CHECK(note_task(code, kernel.fields()));
    code.load(BPF_W, BPF_REG_1, BPF_REG_6, kDescriptor)
        .into_record(offsetof(Record, first), BPF_DW, BPF_REG_1);
    code.set(BPF_REG_1, 0).into_record(offsetof(Record, second), BPF_DW, BPF_REG_1);
    return KernelPass::load(kernel, "bpf_iter_task_file", code.finish());
}

Result<KernelPass> pass_over_mapped(const RunningKernel& kernel) {
    NAP_TRY(const auto file, kernel.fields().offset("vm_area_struct", "vm_file"));
    NAP_TRY(const auto start, kernel.fields().offset("vm_area_struct", "vm_start"));
    NAP_TRY(const auto end, kernel.fields().offset("vm_area_struct", "vm_end"));
    PassCode code(sizeof(Record));
    code.load(BPF_DW, BPF_REG_8, BPF_REG_6, kTask).unless_there(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_6, kArea).unless_there(BPF_REG_7);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, start).into_record(offsetof(Record, first), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, end).into_record(offsetof(Record, second), BPF_DW, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_7, file);
    NAP_CHECK(judge_file(code, kernel.fields()));
    NAP_CHECK(note_task(code, kernel.fields()));
    return KernelPass::load(kernel, "bpf_iter_task_vma", code.finish());
}

Result<KernelPass> pass_over_executed(const RunningKernel& kernel) {
    NAP_TRY(const auto memory, kernel.fields().offset("task_struct", "mm"));
    NAP_TRY(const auto program, kernel.fields().offset("mm_struct", "exe_file"));
    PassCode code(sizeof(Record));
    code.load(BPF_DW, BPF_REG_8, BPF_REG_6, kTask).unless_there(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_8, memory).unless_there(BPF_REG_7);
    code.load(BPF_DW, BPF_REG_7, BPF_REG_7, program);
    NAP_CHECK(judge_file(code, kernel.fields()));
    NAP_CHECK(note_task(code, kernel.fields()));
    code.set(BPF_REG_1, 0).into_record(offsetof(Record, first), BPF_DW, BPF_REG_1);
    code.into_record(offsetof(Record, second), BPF_DW, BPF_REG_1);
    return KernelPass::load(kernel, "bpf_iter_task", code.finish());
}

std::string hexadecimal(std::uint64_t number) {
    std::array<char, 16> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr};
}

}  // namespace

Result<const NamelessFiles*> NamelessFiles::get() {
    return kept<&NamelessFiles::load>();
}

Result<NamelessFiles> NamelessFiles::load(const RunningKernel& kernel) {
    NAP_TRY(KernelPass open, pass_over_open(kernel));
    NAP_TRY(KernelPass mapped, pass_over_mapped(kernel));
    NAP_TRY(KernelPass executed, pass_over_executed(kernel));
    return NamelessFiles(std::move(open), std::move(mapped), std::move(executed));
}

Result<std::vector<std::string>> NamelessFiles::places() const {
    NAP_TRY(const auto open, open_.run<Record>());
    NAP_TRY(const auto mapped, mapped_.run<Record>());
    NAP_TRY(const auto executed, executed_.run<Record>());
    std::set<std::uint64_t> seen;
    std::vector<std::string> places;
    const auto add = [&](const Record& file, const std::string& place) {
        if (seen.insert(file.inode).second) places.push_back("/proc/" + std::to_string(file.tgid) + place);
    };
    for (const Record& file : open) add(file, "/fd/" + std::to_string(file.first));
    for (const Record& file : mapped)
        add(file, "/map_files/" + hexadecimal(file.first) + "-" + hexadecimal(file.second));
    for (const Record& file : executed) add(file, "/exe");
    return places;
}

}  // namespace nap::agent
