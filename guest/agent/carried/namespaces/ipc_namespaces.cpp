// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/namespaces/ipc_namespaces.hpp"

#include "agent/carried/ipc/sysv_objects.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"
#include "agent/kernel_memory/ipc_namespace.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> describe(const RunningKernel& kernel, const ApartNamespace& apart) {
    NAP_TRY(const IpcHeld held, read_ipc_held(kernel, apart.address));
    if (const std::string text = to_text(held); !text.empty())
        return fail(ErrorKind::refused, "The IPC namespace of pid " +
                                            std::to_string(apart.members.front().tid) + " holds " + text +
                                            ", which are carried over of the machine's own only");
    NAP_TRY(const IpcCounters read, read_ipc_counters(kernel, apart.address));
    Json counters = Json::array();
    for (const auto& [sequence, index] : read) counters.push_back({sequence, index});
    Json tids = Json::array();
    for (const ApartMember& member : apart.members) tids.push_back(member.tid);
    return Json{{"tids", std::move(tids)},
                {"segments", Json::array()},
                {"queues", Json::array()},
                {"sets", Json::array()},
                {"counters", std::move(counters)}};
}

Result<> put_back(const AdoptionDevice& device, const Json& captured, const HostPids& pids) {
    NAP_TRY(const auto objects, ipc_objects_of(captured));
    for (const Json& tid : captured.at("tids"))
        if (const auto member = pids.find(tid.get<std::int32_t>()); member != pids.end())
            return device.set_ipc_objects(member->second, objects);
    return fail(ErrorKind::guest, "no process is in it");
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
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    for (const Json& each : captured)
        if (const auto done = put_back(device, each, pids); !done)
            warnings.push_back("In the IPC namespace of pid " +
                               std::to_string(each.at("tids").at(0).get<int>()) +
                               " System V ids begin anew: " + done.error().message + ".");
    return {};
}

}  // namespace nap::agent
