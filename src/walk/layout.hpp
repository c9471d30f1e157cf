// SPDX-License-Identifier: GPL-2.0-only
// What the walker must know of one kernel build: offsets of a few struct fields, from its BTF
// (Documentation/bpf/btf.rst). Read on the host from the trusted vmlinuz by `nap kernel add`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "base/error.hpp"
#include "walk/account_layout.hpp"

namespace nap::walk {

// Offsets and sizes in bytes.
struct KernelLayout {
    std::uint64_t task_tasks = 0, task_mm = 0, task_comm = 0, task_thread_pid = 0, task_signal = 0;
    std::uint64_t task_thread_node = 0, task_stack = 0, task_restart_block = 0;
    std::uint64_t signal_nr_threads = 0, signal_thread_head = 0;
    std::uint64_t restart_fn = 0,
                  restart_union = 0;  // of struct restart_block: its function, what that needs
    std::uint64_t mm_pgd = 0;
    std::uint64_t pid_level = 0, pid_numbers = 0, upid_size = 0, upid_nr = 0, upid_ns = 0;
    std::uint64_t page_size = 0, page_compound_head = 0, page_mapping = 0;
    std::uint64_t mapping_host = 0, inode_sb = 0, sb_magic = 0;
    AccountLayout accounts;
    bool operator==(const KernelLayout&) const = default;
};

// `btf`: the .BTF section of a vmlinux. A missing struct or field is an error that names it.
Result<KernelLayout> read_layout(std::span<const std::byte> btf);

nlohmann::json to_json(const KernelLayout& layout);
// Refuses (protocol) missing and further members, and offsets no kernel has.
Result<KernelLayout> layout_from_json(const nlohmann::json& json);

// The kernel's functions that go on with a system call; 0: it has none of that name.
struct RestartFunctions {
    std::uint64_t sleep = 0, processor_sleep = 0, alarm_sleep = 0, futex_wait = 0, poll = 0;
};

// Where one running kernel lies; told by its agent (kallsyms, iomem), so not trusted.
// init_task, page_offset_base and vmemmap_base are where these variables lie, not what they hold.
struct Anchors {
    std::uint64_t init_task = 0, text = 0, page_offset_base = 0,
                  vmemmap_base = 0;  // kernel virtual addresses
    std::uint64_t kernel_code = 0;   // guest-physical address of _text
    bool la57 = false;               // 5-level page tables
    RestartFunctions restarts;
};

}  // namespace nap::walk
