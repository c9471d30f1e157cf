// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/namespaces/ipc_namespaces.hpp"

#include <algorithm>

#include "agent/carried/ipc/sysv_objects.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"
#include "agent/kernel_memory/ipc_namespace.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> describe(const RunningKernel& kernel, const ApartNamespace& apart) {
    const auto process = std::ranges::find(apart.members, true, &ApartMember::first);
    if (process == apart.members.end())
        return fail(ErrorKind::refused, "Pid " + std::to_string(apart.members.front().tid) +
                                            " is a thread in an IPC namespace without its process");
    NAP_TRY(const IpcHeld held, read_ipc_held(kernel, apart.address));
    if (held.message_queues != 0)
        return fail(ErrorKind::refused,
                    "The IPC namespace of pid " + std::to_string(process->tid) +
                        " has POSIX message queues, which are carried over of the machine's own only");
    NAP_TRY(Json described, capture_sysv_objects_of(process->host_tid));
    described["pid"] = process->tid;
    return described;
}

}  // namespace

Result<> prepare_ipc_namespaces() {
    NAP_CHECK(ApartSearch::get());
    return {};
}

Result<Json> capture_ipc_namespaces(Agent&, const Task& init) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const ApartSearch* search, ApartSearch::get());
    NAP_TRY(const ApartNamespaces apart, search->run(init.host_pid));
    Json captured = Json::array();
    for (const ApartNamespace& each : apart.ipc) {
        NAP_TRY(Json described, describe(*kernel, each));
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
