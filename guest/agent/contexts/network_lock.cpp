// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/network_lock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/calls/paths.hpp"
#include "agent/machine/bpf.hpp"

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

}  // namespace

Result<UniqueFd> lock_network() {
    auto link = [&]() -> Result<UniqueFd> {
        NAP_TRY(const UniqueFd program,
                load_bpf(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, kOnlyMarked));
        return attach_bpf(program, kRootCgroup, BPF_CGROUP_INET_EGRESS);
    }();
    if (!link) return std::unexpected(link.error().within("locking the network"));
    return link;
}

}  // namespace nap::agent
