// SPDX-License-Identifier: GPL-2.0-only
// BPF: small programs, assembled by hand, attached to a control group for as long as their link is open.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/fd.hpp"

namespace nap::agent {

int bpf_call(bpf_cmd command, bpf_attr& attributes);  // bpf(2)
UniqueFd bpf(bpf_cmd command, bpf_attr& attributes);  // likewise; what it returns is a descriptor
// `function`: the kernel's, by its number in BTF, that a program of type tracing is about.
Result<UniqueFd> load_bpf(bpf_prog_type type, bpf_attach_type attach, std::span<const bpf_insn> instructions,
                          std::uint32_t function = 0);
Result<UniqueFd> attach_bpf(const UniqueFd& program, const std::string& cgroup, bpf_attach_type attach);

}  // namespace nap::agent
