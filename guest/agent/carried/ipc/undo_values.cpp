// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/ipc/undo_values.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/sem.h>

#include <map>

#include "agent/contexts/criu.hpp"
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

}  // namespace

Result<Json> capture_undo_values(Agent&, const Task& init) {
    NAP_TRY(const Sets sets, list_sets(init.host_pid));
    Json all = Json::array();
    if (sets.empty()) return all;
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const auto values, read_undo_values(*kernel, sets));
    for (const auto& [pid, set, semaphore, value] : values) all.push_back({pid, set, semaphore, value});
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
