// SPDX-License-Identifier: GPL-2.0-only
#include "machine/found_generations.hpp"

#include <charconv>
#include <string>

#include "base/fd.hpp"
#include "base/process.hpp"

namespace nap::machine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kProgram = "qemu-system-";
constexpr std::string_view kControl = "socket,id=qmp,";
constexpr std::size_t kMostBytes = 1 << 20;

template <class Number>
std::optional<Number> number_in(std::string_view text) {
    Number number{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// The path of a chardev's socket: a comma within is written twice.
fs::path path_in(std::string_view option) {
    auto at = option.find("path=");
    std::string path;
    if (at == option.npos) return path;
    for (at += 5; at < option.size(); ++at) {
        if (option[at] == ',' && (++at == option.size() || option[at] != ',')) break;
        path += option[at];
    }
    return path;
}

}  // namespace

std::optional<int> generation_of(std::string_view command_line, const fs::path& run) {
    bool first = true;
    while (!command_line.empty()) {
        auto argument = command_line.substr(0, command_line.find('\0'));
        command_line.remove_prefix(std::min(argument.size() + 1, command_line.size()));
        if (std::exchange(first, false)) {
            auto program = argument.substr(argument.rfind('/') + 1);
            if (!program.starts_with(kProgram)) return std::nullopt;
        }
        if (!argument.starts_with(kControl)) continue;
        auto folder = path_in(argument).parent_path();
        auto name = folder.filename().string();
        if (folder.parent_path() != run || !name.starts_with("gen-")) return std::nullopt;
        return number_in<int>(std::string_view(name).substr(4));
    }
    return std::nullopt;
}

Result<std::map<int, FoundGeneration>> find_generations(const fs::path& run) {
    std::map<int, FoundGeneration> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        auto pid = number_in<pid_t>(entry.path().filename().string());
        if (!pid) continue;
        auto command_line = read_file(entry.path() / "cmdline", kMostBytes);
        if (!command_line) continue;  // it has ended
        auto number = generation_of(*command_line, run);
        auto start_time = number ? process_start_time(*pid) : fail(ErrorKind::not_found, "");
        if (number && start_time) found[*number] = {*pid, *start_time};
    }
    if (error) return fail_errno("cannot look for the machine's generations in /proc", error.value());
    return found;
}

}  // namespace nap::machine
