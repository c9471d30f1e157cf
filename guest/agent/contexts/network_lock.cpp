// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/network_lock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/calls/paths.hpp"
#include "agent/machine/bpf.hpp"

namespace nap::agent {

namespace {

constexpr int kLoadBytes = BPF_FUNC_skb_load_bytes;
constexpr std::int16_t kHeader = -24, kFlags = -32;  // on the stack
constexpr std::int32_t kSynAck = 0x12, kTcp = 6, kVersion = 4;

constexpr bpf_insn move(int to, std::int32_t value) {
    return {BPF_ALU64 | BPF_MOV | BPF_K, static_cast<__u8>(to), 0, 0, value};
}
constexpr bpf_insn copy(int to, int from) {
    return {BPF_ALU64 | BPF_MOV | BPF_X, static_cast<__u8>(to), static_cast<__u8>(from), 0, 0};
}
constexpr bpf_insn change(int operation, int what, std::int32_t value) {
    return {static_cast<__u8>(BPF_ALU64 | operation | BPF_K), static_cast<__u8>(what), 0, 0, value};
}
constexpr bpf_insn jump(int condition, int what, std::int32_t value, std::int16_t over) {
    return {static_cast<__u8>(BPF_JMP | condition | BPF_K), static_cast<__u8>(what), 0, over, value};
}
constexpr bpf_insn load_byte(int to, std::int16_t at) {
    return {BPF_LDX | BPF_MEM | BPF_B, static_cast<__u8>(to), BPF_REG_10, at, 0};
}
constexpr bpf_insn call(std::int32_t function) {
    return {BPF_JMP | BPF_CALL, 0, 0, 0, function};
}
constexpr bpf_insn kEnd = {BPF_JMP | BPF_EXIT, 0, 0, 0, 0};

// return skb->mark == kMarkThatPasses || a TCP segment over IPv4 with SYN and ACK;
constexpr std::array<bpf_insn, 33> kProgram{{
    copy(BPF_REG_6, BPF_REG_1),
    {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_6, offsetof(__sk_buff, mark), 0},
    jump(BPF_JEQ, BPF_REG_0, kMarkThatPasses, 26),
    // The IP header's fixed part
    copy(BPF_REG_1, BPF_REG_6),
    move(BPF_REG_2, 0),
    copy(BPF_REG_3, BPF_REG_10),
    change(BPF_ADD, BPF_REG_3, kHeader),
    move(BPF_REG_4, 20),
    call(kLoadBytes),
    jump(BPF_JNE, BPF_REG_0, 0, 21),
    load_byte(BPF_REG_7, kHeader),
    copy(BPF_REG_2, BPF_REG_7),
    change(BPF_RSH, BPF_REG_2, 4),
    jump(BPF_JNE, BPF_REG_2, kVersion, 17),
    load_byte(BPF_REG_2, kHeader + 9),
    jump(BPF_JNE, BPF_REG_2, kTcp, 15),
    // The flags of TCP's, behind it
    change(BPF_AND, BPF_REG_7, 15),
    change(BPF_LSH, BPF_REG_7, 2),
    change(BPF_ADD, BPF_REG_7, 13),
    copy(BPF_REG_1, BPF_REG_6),
    copy(BPF_REG_2, BPF_REG_7),
    copy(BPF_REG_3, BPF_REG_10),
    change(BPF_ADD, BPF_REG_3, kFlags),
    move(BPF_REG_4, 1),
    call(kLoadBytes),
    jump(BPF_JNE, BPF_REG_0, 0, 5),
    load_byte(BPF_REG_1, kFlags),
    change(BPF_AND, BPF_REG_1, kSynAck),
    jump(BPF_JNE, BPF_REG_1, kSynAck, 2),
    move(BPF_REG_0, 1),
    kEnd,
    move(BPF_REG_0, 0),
    kEnd,
}};

}  // namespace

Result<UniqueFd> lock_network() {
    auto link = [&]() -> Result<UniqueFd> {
        NAP_TRY(const UniqueFd program, load_bpf(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, kProgram));
        return attach_bpf(program, kRootCgroup, BPF_CGROUP_INET_EGRESS);
    }();
    if (!link) return std::unexpected(link.error().within("locking the network"));
    return link;
}

}  // namespace nap::agent
