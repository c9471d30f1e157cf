// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/bpf_refusal.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include "agent/kernel_memory/running_kernel.hpp"
#include "agent/machine/bpf.hpp"

namespace nap::agent {

namespace {

constexpr const char* kHook = "security_bpf";

// return current->tgid == host_pid ? -EPERM : 0;
std::array<bpf_insn, 7> program_for(pid_t host_pid) {
    constexpr __u8 kResult = BPF_REG_0;
    return {{
        {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid},
        {BPF_ALU64 | BPF_RSH | BPF_K, kResult, 0, 0, 32},
        {BPF_JMP | BPF_JEQ | BPF_K, kResult, 0, 2, host_pid},
        {BPF_ALU64 | BPF_MOV | BPF_K, kResult, 0, 0, 0},
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
        {BPF_ALU64 | BPF_MOV | BPF_K, kResult, 0, 0, -EPERM},
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    }};
}

}  // namespace

Result<UniqueFd> refuse_bpf(pid_t host_pid) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const auto target, kernel->function_id(kHook));
    const auto code = program_for(host_pid);
    const auto loaded = load_bpf(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, code, target);
    if (!loaded) return std::unexpected(loaded.error().within("refusing bpf(2)"));
    bpf_attr attributes{};
    attributes.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(loaded->get());
    UniqueFd link = bpf(BPF_RAW_TRACEPOINT_OPEN, attributes);
    if (!link) return fail_errno("cannot attach the BPF program that refuses bpf(2)");
    return link;
}

}  // namespace nap::agent
