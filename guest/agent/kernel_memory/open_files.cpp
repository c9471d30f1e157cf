// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/open_files.hpp"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace nap::agent {

namespace {

UniqueFd bpf(bpf_cmd command, bpf_attr& attributes) {
    return UniqueFd(static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes)));
}

struct Offsets {
    std::int16_t operations, object, tgid;
};

Result<Offsets> find_offsets(const Fields& fields) {
    NAP_TRY(const auto operations, fields.offset("file", "f_op"));
    NAP_TRY(const auto object, fields.offset("file", "private_data"));
    NAP_TRY(const auto tgid, fields.offset("task_struct", "tgid"));
    return Offsets{static_cast<std::int16_t>(operations), static_cast<std::int16_t>(object),
                   static_cast<std::int16_t>(tgid)};
}

// Of struct bpf_iter__task_file: meta, task, fd, file.
constexpr std::int16_t kTask = 8, kDescriptor = 16, kFile = 24;

constexpr bpf_insn load(int size, int to, int from, std::int16_t offset) {
    return {static_cast<__u8>(BPF_LDX | BPF_MEM | size), static_cast<__u8>(to), static_cast<__u8>(from),
            offset, 0};
}
constexpr bpf_insn store(int size, std::int16_t offset, int from) {  // onto the stack
    return {static_cast<__u8>(BPF_STX | BPF_MEM | size), BPF_REG_10, static_cast<__u8>(from), offset, 0};
}
constexpr bpf_insn move(int to, int from) {
    return {BPF_ALU64 | BPF_MOV | BPF_X, static_cast<__u8>(to), static_cast<__u8>(from), 0, 0};
}
constexpr bpf_insn set(int to, std::int32_t value) {
    return {BPF_ALU64 | BPF_MOV | BPF_K, static_cast<__u8>(to), 0, 0, value};
}

// An OpenFile for each file with these operations: seq_write(meta->seq, &record, sizeof record).
std::array<bpf_insn, 23> program(const Offsets& at, std::uint64_t operations) {
    constexpr auto record = static_cast<std::int16_t>(-static_cast<int>(sizeof(OpenFile)));
    return {{
        move(BPF_REG_6, BPF_REG_1),
        load(BPF_DW, BPF_REG_7, BPF_REG_6, kFile),
        {BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 18, 0},  // at the end of the pass there is none
        load(BPF_DW, BPF_REG_8, BPF_REG_6, kTask),
        {BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_8, 0, 16, 0},
        load(BPF_DW, BPF_REG_1, BPF_REG_7, at.operations),
        {BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, 0, 0, static_cast<std::int32_t>(operations)},
        {0, 0, 0, 0, static_cast<std::int32_t>(operations >> 32)},
        {BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, BPF_REG_2, 12, 0},
        load(BPF_W, BPF_REG_1, BPF_REG_8, at.tgid),
        store(BPF_W, record, BPF_REG_1),
        load(BPF_W, BPF_REG_1, BPF_REG_6, kDescriptor),
        store(BPF_W, record + 4, BPF_REG_1),
        load(BPF_DW, BPF_REG_1, BPF_REG_7, at.object),
        store(BPF_DW, record + 8, BPF_REG_1),
        load(BPF_DW, BPF_REG_1, BPF_REG_6, 0),  // meta
        load(BPF_DW, BPF_REG_1, BPF_REG_1, 0),  // its seq
        move(BPF_REG_2, BPF_REG_10),
        {BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, record},
        set(BPF_REG_3, sizeof(OpenFile)),
        {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_write},
        set(BPF_REG_0, 0),
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    }};
}

}  // namespace

Result<OpenFileSearch> OpenFileSearch::load(const RunningKernel& kernel, std::string_view operations) {
    NAP_TRY(const auto target, kernel.function_id("bpf_iter_task_file"));
    NAP_TRY(const auto offsets, find_offsets(kernel.fields()));
    NAP_TRY(const auto address, kernel.symbol(operations));
    const auto instructions = program(offsets, address);
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_TRACING;
    attributes.expected_attach_type = BPF_TRACE_ITER;
    attributes.attach_btf_id = target;
    attributes.insns = reinterpret_cast<std::uintptr_t>(instructions.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(instructions.size());
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    const UniqueFd loaded = bpf(BPF_PROG_LOAD, attributes);
    if (!loaded) return fail_errno("cannot load the BPF program that finds open files");
    attributes = {};
    attributes.link_create.prog_fd = static_cast<std::uint32_t>(loaded.get());
    attributes.link_create.attach_type = BPF_TRACE_ITER;
    UniqueFd link = bpf(BPF_LINK_CREATE, attributes);
    if (!link) return fail_errno("cannot attach the BPF program that finds open files");
    return OpenFileSearch(std::move(link));
}

Result<std::vector<OpenFile>> OpenFileSearch::run() const {
    bpf_attr attributes{};
    attributes.iter_create.link_fd = static_cast<std::uint32_t>(link_.get());
    const UniqueFd pass = bpf(BPF_ITER_CREATE, attributes);
    if (!pass) return fail_errno("cannot begin to look for open files");
    std::vector<OpenFile> found;
    std::array<OpenFile, 256> some;
    while (true) {
        const ssize_t size = ::read(pass.get(), some.data(), sizeof some);
        if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (size < 0) return fail_errno("cannot look for open files");
        if (size == 0) return found;
        found.insert(found.end(), some.begin(), some.begin() + size / static_cast<ssize_t>(sizeof(OpenFile)));
    }
}

}  // namespace nap::agent
