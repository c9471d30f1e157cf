// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/found_generations.hpp"

#include <string>

#include "base/fd.hpp"
#include "base/number.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace nap::machine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kProgram = "qemu-system-";
constexpr std::string_view kGuest = "guest=";
constexpr std::size_t kMostBytes = 1 << 20;

// Its standard output is the log that only root could open for it.
bool writes_log_in(const fs::path& process, const fs::path& folder) {
    std::error_code error;
    return fs::read_symlink(process / "fd/1", error).parent_path() == folder;
}

std::string_view value_of(std::string_view command_line, std::string_view option) {
    while (!command_line.empty())
        if (take_until(command_line, '\0') == option) return take_until(command_line, '\0');
    return {};
}

}  // namespace

std::optional<int> generation_of(std::string_view command_line, std::string_view machine) {
    auto program = take_until(command_line, '\0');
    if (!program.substr(program.rfind('/') + 1).starts_with(kProgram)) return std::nullopt;
    const auto prefix = std::string(kGuest) + std::string(machine) + "-";
    const auto name = value_of(command_line, "-name");
    if (!name.starts_with(prefix)) return std::nullopt;
    return parse_number<int>(name.substr(prefix.size()));
}

Accelerator accelerator_of(std::string_view command_line) {
    return value_of(command_line, "-accel").starts_with(to_string(Accelerator::kvm)) ? Accelerator::kvm
                                                                                     : Accelerator::tcg;
}

Result<std::map<int, FoundGeneration>> find_generations(const std::string& machine,
                                                        const MachinePaths& paths) {
    std::map<int, FoundGeneration> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        auto pid = parse_number<pid_t>(entry.path().filename().string());
        if (!pid) continue;
        auto command_line = read_file(entry.path() / "cmdline", kMostBytes);
        if (!command_line) continue;  // it has ended
        auto number = generation_of(*command_line, machine);
        // Another root may have a machine of that name, and anybody may call a program so
        if (!number || !writes_log_in(entry.path(), paths.generation(*number))) continue;
        if (auto start_time = process_start_time(*pid))
            found[*number] = {*pid, *start_time, accelerator_of(*command_line)};
    }
    if (error) return fail_errno("cannot look for the machine's generations in /proc", error.value());
    return found;
}

}  // namespace nap::machine
