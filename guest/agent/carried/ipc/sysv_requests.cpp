// SPDX-License-Identifier: GPL-2.0-only
// From what was captured of System V objects to what the module is asked to set.
#include <algorithm>
#include <array>

#include "agent/carried/ipc/sysv_objects.hpp"

namespace nap::agent {

using channel::Json;

namespace {

nap_ipc_object object_of(std::uint32_t kind, const Json& described) {
    nap_ipc_object object{};
    object.kind = kind;
    object.id = described.at("id").get<std::int32_t>();
    object.cuid = described.at("cuid").get<std::uint32_t>();
    object.cgid = described.at("cgid").get<std::uint32_t>();
    const auto times = described.at("times").get<std::array<std::int64_t, 3>>();
    std::ranges::copy(times, object.times);
    return object;
}

void add_used(std::uint32_t kind, const Json& described, std::vector<nap_ipc_object>& objects) {
    nap_ipc_object object = object_of(kind, described);
    const auto pids = described.at("pids").get<std::array<std::int32_t, 2>>();
    std::ranges::copy(pids, object.pids);
    objects.push_back(object);
}

void add_set(const Json& described, std::vector<nap_ipc_object>& objects) {
    const nap_ipc_object set = object_of(NAP_IPC_SET, described);
    std::uint32_t index = 0;
    for (const Json& pid : described.at("pids")) {
        nap_ipc_object semaphore = set;
        semaphore.kind = NAP_IPC_SEMAPHORE;
        semaphore.index = index++;
        semaphore.pids[0] = pid.get<std::int32_t>();
        objects.push_back(semaphore);
    }
    objects.push_back(set);
}

}  // namespace

Result<std::vector<nap_ipc_object>> ipc_objects_of(const Json& captured) {
    std::vector<nap_ipc_object> objects;
    try {
        for (const Json& segment : captured.at("segments")) add_used(NAP_IPC_SHM, segment, objects);
        for (const Json& queue : captured.at("queues")) add_used(NAP_IPC_QUEUE, queue, objects);
        for (const Json& set : captured.at("sets")) add_set(set, objects);
        std::int32_t kind = 0;
        for (const Json& counter : captured.at("counters")) {
            nap_ipc_object object{};
            object.kind = NAP_IPC_COUNTER;
            object.id = kind++;
            object.times[0] = counter.at(0).get<std::int64_t>();
            object.times[1] = counter.at(1).get<std::int64_t>();
            objects.push_back(object);
        }
    } catch (const Json::exception& error) {
        return fail(ErrorKind::protocol,
                    std::string("System V objects are not as captured: ") + error.what());
    }
    return objects;
}

}  // namespace nap::agent
