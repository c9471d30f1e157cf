// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/bpf_refusal.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "agent/kernel_memory/running_kernel.hpp"
#include "agent/machine/bpf.hpp"

namespace nap::agent {

namespace {

constexpr const char* kHook = "security_bpf";

Result<UniqueFd> make_array_of_one() {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = sizeof(std::uint32_t);
    attributes.value_size = sizeof(std::uint32_t);
    attributes.max_entries = 1;
    UniqueFd array = bpf(BPF_MAP_CREATE, attributes);
    if (!array) return fail_errno("cannot make a BPF array");
    return array;
}

// return current->tgid == refused ? -EPERM : 0;
std::array<bpf_insn, 10> program_for(const UniqueFd& refused) {
    constexpr __u8 kResult = BPF_REG_0, kRefused = BPF_REG_6;
    return {{
        {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid},
        {BPF_ALU64 | BPF_RSH | BPF_K, kResult, 0, 0, 32},
        {BPF_LD | BPF_DW | BPF_IMM, kRefused, BPF_PSEUDO_MAP_VALUE, 0, refused.get()},
        {0, 0, 0, 0, 0},
        {BPF_LDX | BPF_MEM | BPF_W, kRefused, kRefused, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_X, kResult, kRefused, 2, 0},
        {BPF_ALU64 | BPF_MOV | BPF_K, kResult, 0, 0, 0},
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
        {BPF_ALU64 | BPF_MOV | BPF_K, kResult, 0, 0, -EPERM},
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    }};
}

}  // namespace

Result<BpfRefusal> BpfRefusal::attach() {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const auto target, kernel->function_id(kHook));
    NAP_TRY(UniqueFd refused, make_array_of_one());
    const auto code = program_for(refused);
    const auto loaded = load_bpf(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, code, target);
    if (!loaded) return std::unexpected(loaded.error().within("refusing bpf(2)"));
    bpf_attr attributes{};
    attributes.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(loaded->get());
    UniqueFd link = bpf(BPF_RAW_TRACEPOINT_OPEN, attributes);
    if (!link) return fail_errno("cannot attach the BPF program that refuses bpf(2)");
    return BpfRefusal(std::move(refused), std::move(link));
}

Result<> BpfRefusal::refuse_to(pid_t host_pid) const {
    const std::uint32_t key = 0;
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(refused_.get());
    attributes.key = reinterpret_cast<std::uintptr_t>(&key);
    attributes.value = reinterpret_cast<std::uintptr_t>(&host_pid);
    if (bpf_call(BPF_MAP_UPDATE_ELEM, attributes) != 0)
        return fail_errno("cannot refuse bpf(2) to process " + std::to_string(host_pid));
    return {};
}

}  // namespace nap::agent
