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

// Those in the machine's PID namespace; the others' statuses name no further one.
Result<Json> members_of(const fs::path& group) {
    NAP_TRY(const std::string members, read_file(group / "cgroup.procs"));
    Json pids = Json::array();
    std::istringstream host_pids(members);
    for (std::string host_pid; host_pids >> host_pid;)
        if (auto status = read_file("/proc/" + host_pid + "/status"))
            if (auto task = parse_status(*status)) pids.push_back(task->pid);
    return pids;
}

Result<Json> capture_group(const fs::path& group, const Json& fresh) {
    const bool own = group == kCgroup;
    Json captured = {{"path", own ? "" : group.lexically_relative(kCgroup).string()}};
    NAP_TRY(captured["controllers"], read_file(group / "cgroup.subtree_control"));
    captured["settings"] = changed_settings(settings_of(group), fresh);
    if (own) {
        captured["settings"].erase("cgroup.freeze");  // ours
        return captured;
    }
    captured["attributes"] = attributes_of(group);
    captured["owners"] = owners_of(group);
    NAP_TRY(captured["members"], members_of(group));
    return captured;
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

Result<Json> capture_control_groups(Agent&, const Task&) {
    NAP_TRY(const Json fresh, read_part_file(fresh_file()));
    Json groups = Json::array();
    NAP_TRY(Json own, capture_group(kCgroup, fresh));
    groups.push_back(std::move(own));
    for (const fs::path& path : groups_below(kCgroup)) {
        NAP_TRY(Json group, capture_group(path, fresh));
        groups.push_back(std::move(group));
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
