// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/check.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "agent/calls/log.hpp"
#include "agent/check/control_groups.hpp"
#include "agent/check/keys.hpp"
#include "agent/check/landlock.hpp"
#include "agent/check/memory_areas.hpp"
#include "agent/check/mounts.hpp"
#include "agent/check/obstacle.hpp"
#include "agent/check/open_files.hpp"
#include "agent/check/own_namespaces.hpp"
#include "agent/check/program.hpp"
#include "agent/check/shared_contexts.hpp"
#include "agent/check/threads.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

constexpr std::chrono::milliseconds kLookAgain{250};

void find_in_status(const Task& task, Obstacles& obstacles) {
    if (task.swapped_kib != 0)
        add(obstacles, task,
            {"swapped-out memory (" + std::to_string(task.swapped_kib) + " KiB)",
             "The swap space is not carried over yet.", "Turn swap off (swapoff -a)."});
}

Json to_json(const Obstacles& obstacles) {
    Json list = Json::array();
    for (const auto& [pid, name, finding] : obstacles)
        list.push_back({{"pid", pid},
                        {"name", name},
                        {"what", finding.what},
                        {"why", finding.why},
                        {"advice", finding.advice}});
    return list;
}

Obstacles look(const Agent& agent, const Task& init) {
    Obstacles obstacles;
    if (const int sessions = agent.exec_sessions; sessions > 0)
        obstacles.push_back(
            {0,
             "",
             {std::to_string(sessions) + " command(s) of nap exec",
              "They end at a terminal outside of the machine.", "Let them end, or end them."}});
    const std::vector<Task> tasks = list_tasks();
    Surroundings surroundings{.mounts = MountTable::read(tasks), .epolls = {}};
    for (const Task& task : tasks) {
        if (task.state == 'X') continue;
        find_in_threads(task, obstacles);
        if (task.state == 'Z') continue;
        find_in_status(task, obstacles);
        find_in_control_groups(task, init, obstacles);
        find_own_namespaces(task, init, obstacles);
        find_in_open_files(task, surroundings, obstacles);
        find_in_memory(task, obstacles);
        find_in_program(task, obstacles);
    }
    find_shared_contexts(tasks, obstacles);
    if (const auto kernel = RunningKernel::get()) {
        find_landlock(**kernel, tasks, obstacles);
        find_keys(**kernel, obstacles);
    } else {
        log(kernel.error().message);
    }
    surroundings.mounts.find_obstacles(obstacles);
    return obstacles;
}

}  // namespace

Result<Json> check(Agent& agent, const Json&, Call&) {
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    Obstacles obstacles = look(agent, *init);
    if (!obstacles.empty()) {
        std::this_thread::sleep_for(kLookAgain);
        obstacles = lasting(obstacles, look(agent, *init));
    }
    return Json{{"obstacles", to_json(obstacles)}};
}

}  // namespace nap::agent
