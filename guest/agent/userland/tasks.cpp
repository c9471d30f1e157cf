// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/tasks.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <vector>

#include "agent/calls/paths.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

std::vector<std::uint64_t> numbers(std::string_view text) {
    std::vector<std::uint64_t> found;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        std::uint64_t value = 0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error == std::errc{}) found.push_back(value);
        at = error == std::errc{} ? next : at + 1;
    }
    return found;
}

std::uint64_t first(const std::vector<std::uint64_t>& values) {
    return values.empty() ? 0 : values.front();
}

}  // namespace

std::optional<Task> parse_status(std::string_view status) {
    Task task;
    while (!status.empty()) {
        const std::string_view line = status.substr(0, status.find('\n'));
        status.remove_prefix(std::min(status.size(), line.size() + 1));
        const auto colon = line.find(":\t");
        if (colon == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, colon), value = line.substr(colon + 2);
        if (key == "Name") {
            task.name = value;
        } else if (key == "State" && !value.empty()) {
            task.state = value[0];
        } else if (key == "TracerPid") {
            task.tracer = static_cast<pid_t>(first(numbers(value)));
        } else if (key == "Threads") {
            task.threads = static_cast<int>(first(numbers(value)));
        } else if (key == "NSpid") {
            const auto pids = numbers(value);
            if (pids.size() < 2) return std::nullopt;
            task.host_pid = static_cast<pid_t>(pids[0]);
            task.pid = static_cast<pid_t>(pids[1]);
            task.depth = static_cast<int>(pids.size()) - 1;
        } else if (key == "HugetlbPages") {
            task.huge_kib = first(numbers(value));
        } else if (key == "VmSwap") {
            task.swapped_kib = first(numbers(value));
        }
    }
    if (task.pid == 0) return std::nullopt;
    return task;
}

namespace {

std::optional<Task> read_task(std::string_view host_pid) {
    auto status = read_file("/proc/" + std::string(host_pid) + "/status");
    if (!status) return std::nullopt;  // it has ended
    return parse_status(*status);
}

bool alive_init(const Task& task) {
    return task.pid == 1 && task.state != 'Z' && task.state != 'X';
}

}  // namespace

std::vector<Task> list_tasks(pid_t after) {
    std::vector<Task> tasks;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (first(numbers(name)) <= static_cast<std::uint64_t>(after)) continue;
        if (auto task = read_task(name)) tasks.push_back(std::move(*task));
    }
    std::ranges::sort(tasks, {}, &Task::pid);
    return tasks;
}

std::optional<Task> find_init() {
    // Found once; each read of all processes costs
    static std::atomic<pid_t> known = 0;
    if (const pid_t host_pid = known; host_pid != 0)
        if (auto task = read_task(std::to_string(host_pid)); task && alive_init(*task)) return task;
    for (Task& task : list_tasks())
        if (alive_init(task)) {
            known = task.host_pid;
            return std::move(task);
        }
    return std::nullopt;
}

}  // namespace nap::agent
