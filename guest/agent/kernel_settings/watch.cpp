// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <set>

#include "agent/calls/paths.hpp"
#include "agent/kernel_settings/files.hpp"
#include "agent/kernel_settings/rules.hpp"
#include "agent/machine/bpf.hpp"

namespace nap::agent {

namespace {

constexpr std::uint32_t kNameSize = 128, kMostNames = 512;
constexpr std::int16_t kName = -static_cast<std::int16_t>(kNameSize), kValue = kName - 8;
using Name = std::array<char, kNameSize>;

constexpr bpf_insn move(std::uint8_t to, std::uint8_t from) {
    return {BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0};
}
constexpr bpf_insn set(std::uint8_t to, std::int32_t value) {
    return {BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value};
}
constexpr bpf_insn add(std::uint8_t to, std::int32_t value) {
    return {BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value};
}
constexpr bpf_insn call(std::int32_t function) {
    return {BPF_JMP | BPF_CALL, 0, 0, 0, function};
}

// if (context->write) written[name of the setting] = 0; return 1;
std::vector<bpf_insn> note_names_written(int map) {
    std::vector<bpf_insn> program = {
        move(BPF_REG_6, BPF_REG_1),
        {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_7, BPF_REG_6, offsetof(bpf_sysctl, write), 0},
    };
    const std::size_t jump = program.size();
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 0, 0});
    for (std::int16_t at = kValue; at < 0; at = static_cast<std::int16_t>(at + 8))
        program.push_back({BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, at, 0});
    const auto to_stack = [&](std::uint8_t to, std::int16_t offset) {
        program.push_back(move(to, BPF_REG_10));
        program.push_back(add(to, offset));
    };
    program.push_back(move(BPF_REG_1, BPF_REG_6));
    to_stack(BPF_REG_2, kName);
    program.push_back(set(BPF_REG_3, kNameSize));
    program.push_back(set(BPF_REG_4, 0));
    program.push_back(call(BPF_FUNC_sysctl_get_name));
    program.push_back({BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map});
    program.push_back({0, 0, 0, 0, 0});  // second half of the address
    to_stack(BPF_REG_2, kName);
    to_stack(BPF_REG_3, kValue);
    program.push_back(set(BPF_REG_4, BPF_ANY));
    program.push_back(call(BPF_FUNC_map_update_elem));
    program[jump].off = static_cast<std::int16_t>(program.size() - jump - 1);
    program.push_back(set(BPF_REG_0, 1));
    program.push_back({BPF_JMP | BPF_EXIT, 0, 0, 0, 0});
    return program;
}

Result<UniqueFd> make_map() {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_HASH;
    attributes.key_size = kNameSize;
    attributes.value_size = 8;
    attributes.max_entries = kMostNames;
    UniqueFd map = bpf(BPF_MAP_CREATE, attributes);
    if (!map) return fail_errno("cannot make a BPF map for the names of settings");
    return map;
}

bool is_sysctl_file(std::string_view path) {
    return path.starts_with("/proc/sys/");
}

std::string folder_of(const std::string& file) {
    return file.substr(0, file.rfind('/') + 1);
}

// Names that were written; nothing where there were more than the map holds.
Result<std::optional<std::vector<std::string>>> names_in(const UniqueFd& map) {
    std::vector<std::string> names;
    Name name{}, next{};
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(map.get());
    attributes.next_key = reinterpret_cast<std::uintptr_t>(next.data());
    while (bpf_call(BPF_MAP_GET_NEXT_KEY, attributes) == 0) {
        names.emplace_back(next.begin(), std::ranges::find(next, '\0'));
        if (names.size() == kMostNames) return std::nullopt;
        name = next;
        attributes.key = reinterpret_cast<std::uintptr_t>(name.data());
    }
    if (errno != ENOENT) return fail_errno("cannot read which settings were written");
    return names;
}

// A folder that is gone comes with a write beside it: of a disk's scheduler.
FolderWatch watch_others(const std::vector<std::string>& paths) {
    const DiskNames disks = DiskNames::read();
    std::set<std::string> folders;
    for (const auto& path : paths)
        if (!is_sysctl_file(path)) folders.insert(folder_of(disks.file_of(path)));
    FolderWatch watch;
    for (const auto& folder : folders) watch.add(folder);
    return watch;
}

}  // namespace

Result<SettingsWatch> SettingsWatch::start(const std::vector<std::string>& paths) {
    NAP_TRY(UniqueFd map, make_map());
    NAP_TRY(const UniqueFd program,
            load_bpf(BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL, note_names_written(map.get())));
    NAP_TRY(UniqueFd link, attach_bpf(program, kCgroup, BPF_CGROUP_SYSCTL));
    return SettingsWatch(std::move(map), std::move(link), watch_others(paths));
}

Result<std::vector<std::string>> SettingsWatch::changed(const std::vector<std::string>& paths) {
    NAP_TRY(const auto names, names_in(written_));
    const auto others = others_.changed();
    const DiskNames disks = others && others->empty() ? DiskNames() : DiskNames::read();
    std::set<std::string> folders;
    for (const auto& name : names.value_or(std::vector<std::string>()))
        folders.emplace(changed_with("/proc/sys/" + name));
    std::vector<std::string> affected;
    for (const auto& path : paths) {
        const std::string file = disks.file_of(path);
        const bool other = !others || std::ranges::any_of(*others, [&](const auto& folder) {
            return file.starts_with(folder.first);
        });
        const bool written = std::ranges::any_of(folders, [&](const std::string& folder) {
            return path.starts_with(folder) || changed_with(path) == folder;
        });
        if (is_sysctl_file(path) ? !names || written : other) affected.push_back(path);
    }
    return affected;
}

}  // namespace nap::agent
