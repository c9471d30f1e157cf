// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/pressure.hpp"

#include <unistd.h>

#include <filesystem>
#include <set>

#include "agent/files/owned_descriptor.hpp"
#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/open_files.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

using channel::Json;

struct Searches {
    const RunningKernel* kernel;
    OpenFileSearch in_proc, in_control_groups;
};

Result<Searches> load(const RunningKernel& kernel) {
    NAP_TRY(auto in_proc, OpenFileSearch::load(kernel, "proc_reg_file_ops"));
    NAP_TRY(auto in_control_groups, OpenFileSearch::load(kernel, "kernfs_file_fops"));
    return Searches{&kernel, std::move(in_proc), std::move(in_control_groups)};
}

// Where a trigger lies that was written to the file; 0: none was.
Result<std::uint64_t> find_trigger(const RunningKernel& kernel, const OpenFile& file, bool control_group) {
    NAP_TRY(const auto object, kernel.field(file.object, "seq_file", "private"));
    if (!control_group || object == 0) return object;
    NAP_TRY(const auto context, kernel.field(object, "kernfs_open_file", "priv"));
    if (context == 0) return 0;
    return kernel.field(context, "cgroup_file_ctx", "psi");
}

Result<std::string> read_trigger(const RunningKernel& kernel, std::uint64_t trigger, std::string_view path) {
    constexpr const char* kType = "psi_trigger";
    NAP_TRY(const auto state, kernel.field<std::uint32_t>(trigger, kType, "state"));
    NAP_TRY(const auto threshold, kernel.field(trigger, kType, "threshold"));
    NAP_TRY(const auto window, kernel.fields().offset(kType, "win"));
    NAP_TRY(const auto size, kernel.field(trigger + window, "psi_window", "size"));
    return trigger_text(path, state, threshold, size);
}

Result<> capture_file(const RunningKernel& kernel, const OpenFile& file, bool control_group, Json& captured) {
    const std::string process = "/proc/" + std::to_string(file.host_pid);
    std::error_code gone;
    const std::string path =
        std::filesystem::read_symlink(process + "/fd/" + std::to_string(file.fd), gone).string();
    if (gone || !tells_pressure(path)) return {};
    NAP_TRY(const std::string status, read_file(process + "/status"));
    const auto task = parse_status(status);
    if (!task) return {};  // not of the userland
    NAP_TRY(const auto trigger, find_trigger(kernel, file, control_group));
    if (trigger == 0) return {};
    NAP_TRY(const std::string text, read_trigger(kernel, trigger, path));
    captured.push_back({{"pid", task->pid}, {"fd", file.fd}, {"object", file.object}, {"trigger", text}});
    return {};
}

Result<> put_back_trigger(const Json& trigger, const HostPids& pids) {
    NAP_TRY(const UniqueFd fd, owned_descriptor(trigger, pids));
    const auto text = trigger.at("trigger").get<std::string>();
    // The kernel takes the last byte for an end.
    if (::write(fd.get(), text.c_str(), text.size() + 1) < 0)
        return fail_errno("cannot write \"" + text + "\"");
    return {};
}

}  // namespace

bool tells_pressure(std::string_view path) {
    return path.starts_with("/proc/pressure/") ||
           (path.starts_with("/sys/fs/cgroup/") && path.ends_with(".pressure"));
}

std::string trigger_text(std::string_view path, std::uint32_t state, std::uint64_t threshold,
                         std::uint64_t window) {
    const bool full = state % 2 == 1 || path.ends_with("irq") || path.ends_with("irq.pressure");
    return (full ? "full " : "some ") + std::to_string(threshold / 1000) + " " +
           std::to_string(window / 1000);
}

Result<> prepare_pressure() {
    NAP_CHECK(kept<&load>());
    return {};
}

Result<Json> capture_pressure(Agent&, const Task&) {
    NAP_TRY(const Searches* searches, kept<&load>());
    Json captured = Json::array();
    NAP_TRY(const auto in_proc, searches->in_proc.run());
    for (const auto& file : in_proc) NAP_CHECK(capture_file(*searches->kernel, file, false, captured));
    NAP_TRY(const auto in_control_groups, searches->in_control_groups.run());
    for (const auto& file : in_control_groups)
        NAP_CHECK(capture_file(*searches->kernel, file, true, captured));
    return captured;
}

Result<> put_back_pressure(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    std::set<std::uint64_t> done;  // one that several have was written once
    for (const Json& trigger : captured) {
        if (!done.insert(trigger.at("object").get<std::uint64_t>()).second) continue;
        if (auto put = put_back_trigger(trigger, pids); !put)
            warnings.push_back("The pressure trigger of pid " + std::to_string(trigger.at("pid").get<int>()) +
                               " is lost: " + put.error().message + ".");
    }
    return {};
}

}  // namespace nap::agent
