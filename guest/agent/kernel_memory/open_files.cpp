// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/open_files.hpp"

namespace nap::agent {

namespace {
constexpr const char* kPass = "bpf_iter_task_file";
// Of struct bpf_iter__task_file: meta, task, fd, file. At the end of a pass there is neither task nor file.
constexpr std::uint64_t kTask = 8, kDescriptor = 16, kFile = 24;
}  // namespace

Result<OpenFileSearch> OpenFileSearch::load(const RunningKernel& kernel, std::string_view operations) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto kind, fields.offset("file", "f_op"));
    NAP_TRY(const auto object, fields.offset("file", "private_data"));
    NAP_TRY(const auto tgid, fields.offset("task_struct", "tgid"));
    NAP_TRY(const auto wanted, kernel.symbol(operations));
    PassCode code(sizeof(OpenFile));
    code.load(BPF_DW, BPF_REG_7, BPF_REG_6, kFile).unless_there(BPF_REG_7);
    code.load(BPF_DW, BPF_REG_8, BPF_REG_6, kTask).unless_there(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, kind).wide(BPF_REG_2, wanted).unless_equal(BPF_REG_1, BPF_REG_2);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, tgid).into_record(0, BPF_W, BPF_REG_1);
    code.load(BPF_W, BPF_REG_1, BPF_REG_6, kDescriptor).into_record(4, BPF_W, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, object).into_record(8, BPF_DW, BPF_REG_1);
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, kPass, code.finish()));
    return OpenFileSearch(std::move(pass));
}

}  // namespace nap::agent
