// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/namespaces/ipc_namespaces.hpp"

#include "agent/carried/ipc/sysv_objects.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> describe(const ApartNamespace& apart) {
    NAP_TRY(const ApartMember process, process_of(apart));
    NAP_TRY(Json described, capture_sysv_objects_of(apart.address, process.host_tid));
    described["pid"] = process.tid;
    return described;
}

}  // namespace

Result<> prepare_ipc_namespaces() {
    NAP_CHECK(ApartSearch::get());
    return {};
}

Result<Json> capture_ipc_namespaces(Agent&, const Task& init) {
    NAP_TRY(const ApartSearch* search, ApartSearch::get());
    NAP_TRY(const ApartNamespaces apart, search->run(init.host_pid));
    Json captured = Json::array();
    for (const ApartNamespace& each : apart.ipc) {
        NAP_TRY(Json described, describe(each));
        captured.push_back(std::move(described));
    }
    return captured;
}

Result<> put_back_ipc_namespaces(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    if (captured.empty()) return {};
    for (const Json& each : captured) {
        const auto pid = each.at("pid").get<std::int32_t>();
        const auto member = pids.find(pid);
        if (member == pids.end())
            return fail(ErrorKind::guest, "pid " + std::to_string(pid) + " was not recreated");
        NAP_CHECK(put_back_sysv_objects_of(each, member->second, warnings));
    }
    return {};
}

}  // namespace nap::agent
