// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/kernel_pass.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/machine/bpf.hpp"

namespace nap::agent {

PassCode::PassCode(std::int16_t record_size) : size_(record_size) {
    add(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);
}

PassCode& PassCode::add(int code, int to, int from, std::int16_t offset, std::int32_t value) {
    code_.push_back(
        {static_cast<__u8>(code), static_cast<__u8>(to & 15), static_cast<__u8>(from & 15), offset, value});
    return *this;
}

// struct bpf_iter__task, and the head of those of files and areas: meta, task
PassCode& PassCode::begin_task(int to) {
    return load(BPF_DW, to, BPF_REG_6, sizeof(std::uint64_t)).unless_there(to);
}

PassCode& PassCode::load(int size, int to, int from, std::uint64_t offset) {
    return add(BPF_LDX | BPF_MEM | size, to, from, static_cast<std::int16_t>(offset), 0);
}

PassCode& PassCode::into_record(std::int16_t offset, int size, int from) {
    return add(BPF_STX | BPF_MEM | size, BPF_REG_10, from, static_cast<std::int16_t>(offset - size_), 0);
}

PassCode& PassCode::from_record(int to, std::int16_t offset) {
    return add(BPF_LDX | BPF_MEM | BPF_DW, to, BPF_REG_10, static_cast<std::int16_t>(offset - size_), 0);
}

PassCode& PassCode::read_into_record(std::int16_t offset, int from, std::uint64_t at) {
    with(BPF_MOV, BPF_REG_3, from);
    add(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, static_cast<std::int32_t>(at));
    with(BPF_MOV, BPF_REG_1, BPF_REG_10);
    add(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, offset - size_);
    set(BPF_REG_2, sizeof(std::uint64_t));
    return add(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel);
}

PassCode& PassCode::set(int to, std::int32_t value) {
    return add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

PassCode& PassCode::wide(int to, std::uint64_t value) {
    add(BPF_LD | BPF_DW | BPF_IMM, to, 0, 0, static_cast<std::int32_t>(value));
    return add(0, 0, 0, 0, static_cast<std::int32_t>(value >> 32));
}

PassCode& PassCode::with(int operation, int to, int other) {
    return add(BPF_ALU64 | BPF_X | operation, to, other, 0, 0);
}

PassCode& PassCode::leave_out(int value, std::int32_t number) {
    to_the_end_.push_back(code_.size());
    return add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0, number);
}

PassCode& PassCode::unless_equal(int value, int other) {
    to_the_end_.push_back(code_.size());
    return add(BPF_JMP | BPF_JNE | BPF_X, value, other, 0, 0);
}

std::size_t PassCode::begin_if(int value) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0, 0);
    return code_.size();
}

PassCode& PassCode::end_if(std::size_t begun) {
    code_[begun - 1].off = static_cast<__s16>(code_.size() - begun);
    return *this;
}

// seq_write(meta->seq, &record, sizeof record)
std::vector<bpf_insn> PassCode::finish() {
    load(BPF_DW, BPF_REG_1, BPF_REG_6, 0);
    load(BPF_DW, BPF_REG_1, BPF_REG_1, 0);
    with(BPF_MOV, BPF_REG_2, BPF_REG_10);
    add(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -size_);
    add(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, size_);
    add(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_write);
    for (const std::size_t jump : to_the_end_) code_[jump].off = static_cast<__s16>(code_.size() - jump - 1);
    add(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return code_;
}

Result<KernelPass> KernelPass::load(const RunningKernel& kernel, std::string_view over,
                                    const std::vector<bpf_insn>& code) {
    NAP_TRY(const auto target, kernel.function_id(over));
    const auto loaded = load_bpf(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, code, target);
    if (!loaded) return std::unexpected(loaded.error().within("passing over " + std::string(over)));
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<std::uint32_t>(loaded->get());
    attributes.link_create.attach_type = BPF_TRACE_ITER;
    UniqueFd link = bpf(BPF_LINK_CREATE, attributes);
    if (!link) return fail_errno("cannot attach the BPF program for " + std::string(over));
    return KernelPass(std::move(link));
}

Result<std::string> KernelPass::run() const {
    bpf_attr attributes{};
    attributes.iter_create.link_fd = static_cast<std::uint32_t>(link_.get());
    const UniqueFd pass = bpf(BPF_ITER_CREATE, attributes);
    if (!pass) return fail_errno("cannot begin a pass over the kernel's tasks");
    std::string found;
    std::array<char, 8192> some;
    while (true) {
        const ssize_t size = ::read(pass.get(), some.data(), some.size());
        if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (size < 0) return fail_errno("cannot pass over the kernel's tasks");
        if (size == 0) return found;
        found.append(some.data(), static_cast<std::size_t>(size));
    }
}

}  // namespace nap::agent
