// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/ipc/undo_values.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/sem.h>

#include <algorithm>
#include <map>

#include "agent/contexts/criu.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"
#include "agent/kernel_memory/undo_values.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Json;

namespace {

using Sets = std::map<std::int32_t, std::uint32_t>;

// How many semaphores each set has, by id.
Result<Sets> list_sets(pid_t host_pid) {
    Sets sets;
    const Result<> listed = in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(host_pid, CLONE_NEWIPC));
        seminfo information{};
        const int last = ::semctl(0, 0, SEM_INFO, &information);
        for (int index = 0; index <= last; ++index) {
            semid_ds set{};
            const int id = ::semctl(index, 0, SEM_STAT, &set);
            if (id >= 0) sets[id] = static_cast<std::uint32_t>(set.sem_nsems);
        }
        return {};
    });
    NAP_CHECK(listed);
    return sets;
}

// Of the namespace that the process `host_pid` is in.
Result<> capture_of(const RunningKernel& kernel, pid_t host_pid, const std::vector<UndoList>& lists,
                    Json& all) {
    if (lists.empty()) return {};
    NAP_TRY(const Sets sets, list_sets(host_pid));
    for (const UndoList& list : lists) {
        NAP_TRY(const auto values, read_undo_list(kernel, list, sets));
        for (const auto& [pid, set, semaphore, value] : values) all.push_back({pid, set, semaphore, value});
    }
    return {};
}

// Those of the namespace's members are taken away from `lists`.
std::vector<UndoList> take_those_in(const ApartNamespace& apart, std::vector<UndoList>& lists) {
    const auto elsewhere = std::ranges::partition(lists, [&](const UndoList& list) {
        return std::ranges::find(apart.members, list.pid, &ApartMember::tid) == apart.members.end();
    });
    std::vector<UndoList> taken(elsewhere.begin(), elsewhere.end());
    lists.erase(elsewhere.begin(), elsewhere.end());
    return taken;
}

}  // namespace

Result<Json> capture_undo_values(Agent&, const Task& init) {
    Json all = Json::array();
    NAP_TRY(auto lists, find_undo_lists());
    if (lists.empty()) return all;
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const ApartSearch* search, ApartSearch::get());
    NAP_TRY(const ApartNamespaces apart, search->run(init.host_pid));
    for (const ApartNamespace& each : apart.ipc) {
        const auto own = take_those_in(each, lists);
        if (own.empty()) continue;
        NAP_TRY(const ApartMember process, process_of(each));
        NAP_CHECK(capture_of(*kernel, process.host_tid, own, all));
    }
    NAP_CHECK(capture_of(*kernel, init.host_pid, lists, all));
    return all;
}

Result<> hand_undo_values_to_criu(Agent&, const Json& captured, Warnings&) {
    if (captured.empty()) return {};
    std::string encoded;  // CRIU's include/sem-undo.h
    for (const Json& entry : captured)
        for (const Json& number : entry) {
            const auto value = number.get<std::int32_t>();
            encoded.append(reinterpret_cast<const char*>(&value), sizeof value);
        }
    NAP_TRY(const UniqueFd file, open_file(images_folder() / "sem-undo", O_WRONLY | O_CREAT | O_TRUNC));
    return write_all(file.get(), encoded);
}

}  // namespace nap::agent
