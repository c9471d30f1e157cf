// SPDX-License-Identifier: GPL-2.0-only
// Kernel layout: the offsets the walker needs, from BTF or from JSON.
#include "walk/layout.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "base/units.hpp"
#include "walk/btf.hpp"

namespace nap::walk {

namespace {
struct Entry {
    const char* name;  // in JSON
    std::uint64_t KernelLayout::*value;
    const char* structure;  // in BTF
    const char* field;      // nullptr: the size of the struct
};

constexpr std::array kEntries = {
    Entry{"task_tasks", &KernelLayout::task_tasks, "task_struct", "tasks"},
    Entry{"task_mm", &KernelLayout::task_mm, "task_struct", "mm"},
    Entry{"task_comm", &KernelLayout::task_comm, "task_struct", "comm"},
    Entry{"task_thread_pid", &KernelLayout::task_thread_pid, "task_struct", "thread_pid"},
    Entry{"task_signal", &KernelLayout::task_signal, "task_struct", "signal"},
    Entry{"task_thread_node", &KernelLayout::task_thread_node, "task_struct", "thread_node"},
    Entry{"task_stack", &KernelLayout::task_stack, "task_struct", "stack"},
    Entry{"task_restart_block", &KernelLayout::task_restart_block, "task_struct", "restart_block"},
    Entry{"signal_thread_head", &KernelLayout::signal_thread_head, "signal_struct", "thread_head"},
    Entry{"restart_fn", &KernelLayout::restart_fn, "restart_block", "fn"},
    Entry{"restart_union", &KernelLayout::restart_union, "restart_block", "nanosleep"},
    Entry{"signal_nr_threads", &KernelLayout::signal_nr_threads, "signal_struct", "nr_threads"},
    Entry{"mm_pgd", &KernelLayout::mm_pgd, "mm_struct", "pgd"},
    Entry{"pid_level", &KernelLayout::pid_level, "pid", "level"},
    Entry{"pid_numbers", &KernelLayout::pid_numbers, "pid", "numbers"},
    Entry{"upid_size", &KernelLayout::upid_size, "upid", nullptr},
    Entry{"upid_nr", &KernelLayout::upid_nr, "upid", "nr"},
    Entry{"upid_ns", &KernelLayout::upid_ns, "upid", "ns"},
    Entry{"page_size", &KernelLayout::page_size, "page", nullptr},
    Entry{"page_compound_head", &KernelLayout::page_compound_head, "page", "compound_head"},
    Entry{"page_mapping", &KernelLayout::page_mapping, "page", "mapping"},
    Entry{"mapping_host", &KernelLayout::mapping_host, "address_space", "host"},
    Entry{"inode_sb", &KernelLayout::inode_sb, "inode", "i_sb"},
    Entry{"sb_magic", &KernelLayout::sb_magic, "super_block", "s_magic"},
};

constexpr std::uint64_t kLargestOffset = 64 * kKiB;  // task_struct, the largest, has about 10 KiB

// The walker reads words at these offsets: they must be aligned, and what it multiplies must be of a sane
// size.
Result<KernelLayout> checked(const KernelLayout& layout) {
    for (const auto& entry : kEntries)
        if (layout.*entry.value >= kLargestOffset || layout.*entry.value % 4 != 0)
            return fail(ErrorKind::protocol, "Reading a kernel's layout failed: " + std::string(entry.name) +
                                                 " is " + std::to_string(layout.*entry.value) +
                                                 ", which no kernel has there.");
    const auto within = [](std::uint64_t offset, std::uint64_t width, std::uint64_t size) {
        return offset + width <= size;
    };
    if (layout.page_size == 0 || layout.page_size > kPageSize || layout.page_size % 8 != 0 ||
        !within(layout.page_compound_head, 8, layout.page_size) || layout.page_compound_head % 8 != 0 ||
        !within(layout.page_mapping, 8, layout.page_size) || layout.page_mapping % 8 != 0)
        return fail(ErrorKind::protocol, "Reading a kernel's layout failed: its struct page is malformed.");
    if (!within(layout.upid_nr, 4, layout.upid_size) || !within(layout.upid_ns, 8, layout.upid_size))
        return fail(ErrorKind::protocol, "Reading a kernel's layout failed: its struct upid is malformed.");
    return layout;
}
}  // namespace

Result<KernelLayout> read_layout(std::span<const std::byte> btf) {
    NAP_TRY(const auto types, Btf::parse(btf));
    KernelLayout layout;
    for (const auto& entry : kEntries) {
        NAP_TRY(layout.*entry.value,
                entry.field ? types.offset_of(entry.structure, entry.field) : types.size_of(entry.structure));
    }
    layout.accounts = read_account_layout(types);
    return checked(layout);
}

nlohmann::json to_json(const KernelLayout& layout) {
    auto json = nlohmann::json::object();
    for (const auto& entry : kEntries) json[entry.name] = layout.*entry.value;
    json["accounts"] = to_json(layout.accounts);
    return json;
}

Result<KernelLayout> layout_from_json(const nlohmann::json& json) {
    if (!json.is_object() || json.size() != kEntries.size() + 1 || !json.contains("accounts"))
        return fail(ErrorKind::protocol, "Reading a kernel's layout failed: it is not an object of " +
                                             std::to_string(kEntries.size() + 1) + " members.");
    KernelLayout layout;
    for (const auto& entry : kEntries) {
        const auto found = json.find(entry.name);
        if (found == json.end() || !found->is_number_unsigned())
            return fail(ErrorKind::protocol, "Reading a kernel's layout failed: " + std::string(entry.name) +
                                                 " is missing or not a number.");
        layout.*entry.value = found->get<std::uint64_t>();
    }
    NAP_TRY(layout.accounts, account_layout_from_json(json["accounts"]));
    return checked(layout);
}

}  // namespace nap::walk
