// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/ipc/sysv_objects.hpp"

#include <sched.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "agent/kernel_memory/ipc_namespace.hpp"
#include "agent/userland/inside.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Json describe(int id, const ipc_perm& permissions) {
    return Json{{"id", id}, {"cuid", permissions.cuid}, {"cgid", permissions.cgid}};
}

Json list_segments() {
    Json all = Json::array();
    shm_info information{};
    const int last = ::shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&information));
    for (int index = 0; index <= last; ++index) {
        shmid_ds segment{};
        const int id = ::shmctl(index, SHM_STAT, &segment);
        if (id < 0) continue;
        Json described = describe(id, segment.shm_perm);
        described["pids"] = {segment.shm_cpid, segment.shm_lpid};
        described["times"] = {segment.shm_atime, segment.shm_dtime, segment.shm_ctime};
        described["locked"] = (segment.shm_perm.mode & SHM_LOCKED) != 0;
        described["removed"] = (segment.shm_perm.mode & SHM_DEST) != 0;
        all.push_back(std::move(described));
    }
    return all;
}

Json list_queues() {
    Json all = Json::array();
    msginfo information{};
    const int last = ::msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&information));
    for (int index = 0; index <= last; ++index) {
        msqid_ds queue{};
        const int id = ::msgctl(index, MSG_STAT, &queue);
        if (id < 0) continue;
        Json described = describe(id, queue.msg_perm);
        described["pids"] = {queue.msg_lspid, queue.msg_lrpid};
        described["times"] = {queue.msg_stime, queue.msg_rtime, queue.msg_ctime};
        all.push_back(std::move(described));
    }
    return all;
}

Json list_sets() {
    Json all = Json::array();
    seminfo information{};
    const int last = ::semctl(0, 0, SEM_INFO, &information);
    for (int index = 0; index <= last; ++index) {
        semid_ds set{};
        const int id = ::semctl(index, 0, SEM_STAT, &set);
        if (id < 0) continue;
        Json described = describe(id, set.sem_perm);
        described["times"] = {set.sem_otime, set.sem_ctime, 0};
        Json pids = Json::array();
        for (unsigned long i = 0; i < set.sem_nsems; ++i)
            pids.push_back(::semctl(id, static_cast<int>(i), GETPID));
        described["pids"] = std::move(pids);
        all.push_back(std::move(described));
    }
    return all;
}

// The times of an object now: the module makes sure that it looks at the right places.
bool look(nap_ipc_object& object) {
    shmid_ds segment{};
    msqid_ds queue{};
    semid_ds set{};
    switch (object.kind) {
        case NAP_IPC_SHM:
            if (::shmctl(object.id, IPC_STAT, &segment) != 0) return false;
            object.seen[0] = segment.shm_atime;
            object.seen[1] = segment.shm_dtime;
            object.seen[2] = segment.shm_ctime;
            return true;
        case NAP_IPC_QUEUE:
            if (::msgctl(object.id, IPC_STAT, &queue) != 0) return false;
            object.seen[0] = queue.msg_stime;
            object.seen[1] = queue.msg_rtime;
            object.seen[2] = queue.msg_ctime;
            return true;
        case NAP_IPC_SET:
        case NAP_IPC_SEMAPHORE:
            if (::semctl(object.id, 0, IPC_STAT, &set) != 0) return false;
            object.seen[0] = set.sem_otime;
            object.seen[1] = set.sem_ctime;
            return true;
        default:
            return true;
    }
}

void mark_segments(const Json& segments, Warnings& warnings) {
    for (const Json& segment : segments) {
        const int id = segment.at("id").get<int>();
        if (segment.at("locked").get<bool>() && ::shmctl(id, SHM_LOCK, nullptr) != 0)
            warnings.push_back("shared memory " + std::to_string(id) + " is not locked any more");
        if (segment.at("removed").get<bool>() && ::shmctl(id, IPC_RMID, nullptr) != 0)
            warnings.push_back("shared memory " + std::to_string(id) +
                               " stays when the last process lets go of it");
    }
}

Result<> put_back(const Json& captured, pid_t member, Warnings& warnings) {
    NAP_TRY(std::vector<nap_ipc_object> objects, ipc_objects_of(captured));
    const Result<> looked = in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(member, CLONE_NEWIPC));
        mark_segments(captured.at("segments"), warnings);
        std::erase_if(objects, [](nap_ipc_object& object) { return !look(object); });
        return {};
    });
    NAP_CHECK(looked);
    std::set<pid_t> pids;
    for (const nap_ipc_object& object : objects)
        for (const pid_t pid : object.pids)
            if (pid > 0) pids.insert(pid);
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    return while_pids_exist(member, pids, [&] { return device.set_ipc_objects(member, objects); });
}

}  // namespace

Result<Json> capture_sysv_objects_of(std::uint64_t ipc_namespace, pid_t host_pid) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const IpcHeld held, read_ipc_held(*kernel, ipc_namespace));
    Json captured{{"segments", Json::array()}, {"queues", Json::array()}, {"sets", Json::array()}};
    if (held.segments + held.queues + held.sets != 0)
        NAP_CHECK(in_own_process(host_pid, CLONE_NEWIPC, [&]() -> Result<> {
            captured = {{"segments", list_segments()}, {"queues", list_queues()}, {"sets", list_sets()}};
            return {};
        }));
    Json counters = Json::array();
    NAP_TRY(const IpcCounters read, read_ipc_counters(*kernel, ipc_namespace));
    for (const auto& [sequence, index] : read) counters.push_back({sequence, index});
    captured["counters"] = std::move(counters);
    return captured;
}

// What objects remember of their use is worth a warning, not the update.
Result<> put_back_sysv_objects_of(const Json& captured, pid_t host_pid, Warnings& warnings) {
    if (const auto done = put_back(captured, host_pid, warnings); !done)
        warnings.push_back("System V IPC: " + done.error().message);
    return {};
}

Result<Json> capture_sysv_objects(Agent&, const Task& init) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const std::uint64_t own, find_ipc_namespace(*kernel, init.host_pid));
    return capture_sysv_objects_of(own, init.host_pid);
}

Result<> put_back_sysv_objects(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    const auto init = pids.find(1);
    if (init == pids.end()) return fail(ErrorKind::guest, "there is no init");
    return put_back_sysv_objects_of(captured, init->second, warnings);
}

}  // namespace nap::agent
