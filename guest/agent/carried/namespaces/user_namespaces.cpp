// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/namespaces/user_namespaces.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "agent/calls/paths.hpp"
#include "agent/carried/namespaces/new_user_namespace.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"
#include "base/fd.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

using channel::Json;

namespace {

Error not_carried(const ApartMember& member, const std::string& what) {
    return Error{ErrorKind::refused,
                 "Pid " + std::to_string(member.tid) + " is in " + what + ", which cannot be carried over"};
}

Result<Json> describe(const RunningKernel& kernel, const ApartNamespace& apart) {
    const ApartMember& first = apart.members.front();
    NAP_TRY(const SeenUserNamespace seen, see_user_namespace(kernel, apart.address));
    if (seen.level != 1) return std::unexpected(not_carried(first, "a user namespace within another"));
    const std::string process = "/proc/" + std::to_string(first.host_tid);
    Json described{{"owner", seen.owner}};
    for (const char* name : {"uid_map", "gid_map", "projid_map", "setgroups"}) {
        NAP_TRY(described[name], read_file(process + "/" + name));
    }
    Json members = Json::array();
    for (const ApartMember& member : apart.members) members.push_back({member.tid, member.memory});
    described["members"] = std::move(members);
    return described;
}

Result<> put_back(int module, const Json& captured, pid_t init) {
    UserNamespaceSettings settings;
    settings.owner = captured.at("owner").get<uid_t>();
    settings.uid_map = captured.at("uid_map").get<std::string>();
    settings.gid_map = captured.at("gid_map").get<std::string>();
    settings.projid_map = captured.at("projid_map").get<std::string>();
    settings.groups = !captured.at("setgroups").get<std::string>().starts_with("deny");
    NAP_TRY(const UniqueFd made, make_user_namespace(settings));
    std::vector<nap_user_ns_thread> threads;
    for (const Json& member : captured.at("members"))
        threads.push_back({member.at(0).get<std::int32_t>(), member.at(1).get<bool>() ? 1U : 0U});
    nap_user_ns request{};
    request.ns = made.get();
    request.init = init;
    request.count = static_cast<std::uint32_t>(threads.size());
    request.threads = reinterpret_cast<std::uintptr_t>(threads.data());
    if (::ioctl(module, NAP_IOC_USER_NS, &request) != 0)
        return fail_errno("the adoption module cannot put threads into a user namespace");
    return {};
}

Result<ApartNamespaces> search(const Task& init) {
    NAP_TRY(const ApartSearch* search, ApartSearch::get());
    return search->run(init.host_pid);
}

}  // namespace

Result<std::vector<std::uint32_t>> user_namespace_inodes(const Task& init) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const ApartNamespaces apart, search(init));
    std::vector<std::uint32_t> inodes;
    for (const ApartNamespace& each : apart.user) {
        NAP_TRY(const SeenUserNamespace seen, see_user_namespace(*kernel, each.address));
        inodes.push_back(seen.inode);
    }
    return inodes;
}

Result<Json> capture_user_namespaces(Agent&, const Task& init) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const ApartNamespaces apart, search(init));
    if (!apart.in_owned.empty())
        return std::unexpected(
            not_carried(apart.in_owned.front(), "a namespace that belongs to a user namespace of its own"));
    Json captured = Json::array();
    for (const ApartNamespace& each : apart.user) {
        NAP_TRY(Json described, describe(*kernel, each));
        captured.push_back(std::move(described));
    }
    return captured;
}

// Outside of its namespace no thread may run: what fails here undoes the update.
Result<> put_back_user_namespaces(Agent&, const Json& captured, const HostPids& pids, Warnings&) {
    if (captured.empty()) return {};
    const auto init = pids.find(1);
    if (init == pids.end()) return fail(ErrorKind::guest, "the userland's init was not recreated");
    NAP_TRY(const UniqueFd module, open_file(kAdoptionDevice, O_RDWR));
    for (const Json& each : captured) NAP_CHECK(put_back(module.get(), each, init->second));
    return {};
}

}  // namespace nap::agent
