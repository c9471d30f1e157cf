// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/control_groups.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <string>

#include "agent/calls/paths.hpp"
#include "agent/carried/group_state.hpp"
#include "agent/carried/part_file.hpp"
#include "agent/files/extended_attributes.hpp"
#include "agent/kernel_memory/userland_pids.hpp"
#include "agent/userland/groups.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

constexpr const char* kFileName = "nap-control-groups.cbor";

fs::path fresh_file() {
    return fs::path(kRunDirectory) / "fresh-control-group";
}

fs::path folder_of(const Json& group) {
    return fs::path(kCgroup) / group.at("path").get<std::string>();
}

// Those in the machine's PID namespace.
Result<Json> members_of(const fs::path& group, const UserlandPids& userland) {
    NAP_TRY(const std::string members, read_file(group / "cgroup.procs"));
    Json pids = Json::array();
    std::istringstream host_pids(members);
    for (pid_t host_pid = 0; host_pids >> host_pid;)
        if (const pid_t pid = userland.of(host_pid); pid != 0) pids.push_back(pid);
    return pids;
}

// All but its members.
Result<Json> describe(const fs::path& group, const Json& fresh) {
    const bool own = group == kCgroup;
    Json described = {{"path", own ? "" : group.lexically_relative(kCgroup).string()}};
    NAP_TRY(described["controllers"], read_file(group / "cgroup.subtree_control"));
    described["settings"] = changed_settings(settings_of(group), fresh);
    if (own) {
        described["settings"].erase("cgroup.freeze");  // ours
        return described;
    }
    described["attributes"] = attributes_of(group);
    described["owners"] = owners_of(group);
    return described;
}

std::vector<fs::path> all_groups() {
    std::vector<fs::path> groups = groups_below(kCgroup);
    groups.insert(groups.begin(), kCgroup);
    return groups;
}

// The kernel itself tells of what happens in a group, as that it is frozen; the userland's own is frozen by
// us.
bool tells_of_a_change(const fs::path& group, const std::string& name) {
    return !name.ends_with(".events") && !name.ends_with(".events.local") &&
           (group != kCgroup || name != "cgroup.freeze");
}

// Itself, or what the one above it enables, or it was made anew.
bool may_have_changed(const fs::path& group, const std::optional<ChangedFolders>& changed) {
    if (!changed) return true;
    if (const auto own = changed->find(group); own != changed->end())
        if (std::ranges::any_of(own->second,
                                [&](const auto& name) { return tells_of_a_change(group, name); }))
            return true;
    const auto above = changed->find(group.parent_path());
    return above != changed->end() &&
           (above->second.contains("cgroup.subtree_control") || above->second.contains(group.filename()));
}

// Those that are new, or may have changed since they were seen, are looked at.
Result<> look(GroupsSeen& seen) {
    const auto changed = seen.watch.changed();
    std::map<std::string, Json> groups;
    for (const fs::path& group : all_groups()) {
        if (const auto known = seen.groups.find(group);
            known != seen.groups.end() && !may_have_changed(group, changed)) {
            groups.insert(seen.groups.extract(known));
            continue;
        }
        seen.watch.add(group);
        auto described = describe(group, seen.fresh);
        std::error_code error;
        if (!described && !fs::exists(group, error)) continue;  // the userland runs, and has removed it
        if (!described) return std::unexpected(described.error());
        groups[group] = std::move(*described);
    }
    seen.groups = std::move(groups);
    return {};
}

Result<> make_group(const Json& group) {
    const fs::path path = folder_of(group);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
        return fail_errno("cannot make the control group " + path.string());
    NAP_CHECK(enable_controllers(path, group.at("controllers").get<std::string>()));
    NAP_CHECK(set_attributes(path, group.value("attributes", Json::object())));
    return set_owners(path, group.value("owners", Json::object()));
}

}  // namespace

Result<> record_fresh_group() {
    const fs::path fresh = fs::path(kRootCgroup) / "fresh";
    if (::mkdir(fresh.c_str(), 0755) != 0 && errno != EEXIST)
        return fail_errno("cannot make the control group " + fresh.string());
    const Json settings = settings_of(fresh);
    ::rmdir(fresh.c_str());
    std::error_code ignored;
    fs::create_directories(kRunDirectory, ignored);
    return write_part_file(fresh_file(), settings);
}

Result<> look_at_control_groups(Agent& agent) {
    agent.groups_seen.reset();
    NAP_TRY(Json fresh, read_part_file(fresh_file()));
    agent.groups_seen.emplace().fresh = std::move(fresh);
    return look(*agent.groups_seen);
}

Result<Json> capture_control_groups(Agent& agent, const Task&) {
    if (agent.groups_seen)
        NAP_CHECK(look(*agent.groups_seen));
    else
        NAP_CHECK(look_at_control_groups(agent));
    NAP_TRY(const UserlandPids userland, UserlandPids::look());
    Json groups = Json::array();
    for (const auto& [path, described] : agent.groups_seen->groups) {  // each after the one above it
        Json& group = groups.emplace_back(described);
        if (path == kCgroup) continue;
        NAP_TRY(group["members"], members_of(path, userland));
    }
    return Json{{"groups", std::move(groups)}};
}

Result<> make_control_groups(Agent&, const Json& captured, Warnings&) {
    for (const Json& group : captured.at("groups")) NAP_CHECK(make_group(group));
    return {};
}

Result<> set_control_groups(Agent&, const Json& captured, const HostPids&, Warnings& warnings) {
    for (const Json& group : captured.at("groups")) {
        const fs::path path = folder_of(group);
        for (const auto& [name, value] : group.at("settings").items())
            if (auto set = write_setting(path / name, value.get<std::string>()); !set)
                warnings.push_back("the control group " + group.at("path").get<std::string>() +
                                   " lost a setting: " + set.error().message);
    }
    return {};
}

Result<Membership> Membership::read(const fs::path& images) {
    Membership membership;
    NAP_TRY(const Json captured, read_part_file(images / kFileName));
    for (const Json& group : captured.at("groups"))
        for (const Json& pid : group.value("members", Json::array()))
            membership.groups_[pid.get<std::int32_t>()] = folder_of(group);
    return membership;
}

fs::path Membership::group_of(std::int32_t pid) const {
    const auto found = groups_.find(pid);
    return found == groups_.end() ? fs::path(kMachineCgroup) : found->second;
}

}  // namespace nap::agent
