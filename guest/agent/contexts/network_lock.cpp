// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/network_lock.hpp"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "agent/calls/paths.hpp"

namespace nap::agent {

namespace {

// return skb->mark == kMarkThatPasses;
constexpr std::array<bpf_insn, 6> kOnlyMarked{{
    {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_1, offsetof(__sk_buff, mark), 0},
    {BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, kMarkThatPasses},
    {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
    {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1},
    {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
}};

UniqueFd bpf(bpf_cmd command, bpf_attr& attributes) {
    return UniqueFd(static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes)));
}

Result<UniqueFd> load(std::span<const bpf_insn> instructions) {
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
    attributes.expected_attach_type = BPF_CGROUP_INET_EGRESS;
    attributes.insns = reinterpret_cast<std::uintptr_t>(instructions.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(instructions.size());
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    UniqueFd program = bpf(BPF_PROG_LOAD, attributes);
    if (!program) return fail_errno("cannot load the BPF program that locks the network");
    return program;
}

}  // namespace

Result<UniqueFd> lock_network() {
    NAP_TRY(const UniqueFd cgroup, open_file(kRootCgroup, O_RDONLY | O_DIRECTORY));
    NAP_TRY(const UniqueFd program, load(kOnlyMarked));
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
    attributes.link_create.target_fd = static_cast<std::uint32_t>(cgroup.get());
    attributes.link_create.attach_type = BPF_CGROUP_INET_EGRESS;
    UniqueFd link = bpf(BPF_LINK_CREATE, attributes);
    if (!link) return fail_errno("cannot lock the network by a BPF program on " + std::string(kRootCgroup));
    return link;
}

}  // namespace nap::agent
