// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/bpf.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace nap::agent {

int bpf_call(bpf_cmd command, bpf_attr& attributes) {
    return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

UniqueFd bpf(bpf_cmd command, bpf_attr& attributes) {
    return UniqueFd(bpf_call(command, attributes));
}

Result<UniqueFd> load_bpf(bpf_prog_type type, bpf_attach_type attach, std::span<const bpf_insn> instructions,
                          std::uint32_t function) {
    bpf_attr attributes{};
    attributes.prog_type = type;
    attributes.expected_attach_type = attach;
    attributes.attach_btf_id = function;
    attributes.insns = reinterpret_cast<std::uintptr_t>(instructions.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(instructions.size());
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    UniqueFd program = bpf(BPF_PROG_LOAD, attributes);
    if (!program) return fail_errno("cannot load a BPF program");
    return program;
}

Result<UniqueFd> attach_bpf(const UniqueFd& program, const std::string& cgroup, bpf_attach_type attach) {
    NAP_TRY(const UniqueFd folder, open_file(cgroup, O_RDONLY | O_DIRECTORY));
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
    attributes.link_create.target_fd = static_cast<std::uint32_t>(folder.get());
    attributes.link_create.attach_type = attach;
    UniqueFd link = bpf(BPF_LINK_CREATE, attributes);
    if (!link) return fail_errno("cannot attach a BPF program to " + cgroup);
    return link;
}

}  // namespace nap::agent
