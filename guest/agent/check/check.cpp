// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/check.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "agent/calls/log.hpp"
#include "agent/check/files/cancelled_timers.hpp"
#include "agent/check/files/directory_signals.hpp"
#include "agent/check/files/mounts.hpp"
#include "agent/check/files/open_files.hpp"
#include "agent/check/kernel_wide.hpp"
#include "agent/check/obstacle.hpp"
#include "agent/check/processes/apart_namespaces.hpp"
#include "agent/check/processes/control_groups.hpp"
#include "agent/check/processes/guard_regions.hpp"
#include "agent/check/processes/keys.hpp"
#include "agent/check/processes/landlock.hpp"
#include "agent/check/processes/memory_areas.hpp"
#include "agent/check/processes/own_namespaces.hpp"
#include "agent/check/processes/program.hpp"
#include "agent/check/processes/shared_contexts.hpp"
#include "agent/check/processes/threads.hpp"
#include "agent/check/sockets/hidden_in_sockets.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

constexpr std::chrono::milliseconds kLookAgain{250}, kTell{2000};

void find_in_status(const Task& task, Obstacles& obstacles) {
    if (task.swapped_kib != 0)
        add(obstacles, task,
            {"swapped-out memory (" + std::to_string(task.swapped_kib) + " KiB)",
             "The swap space is not carried over yet.", "Turn swap off (swapoff -a)."});
}

Json to_json(const Obstacles& obstacles) {
    Json list = Json::array();
    for (const auto& [pid, name, finding, found_at] : obstacles)
        list.push_back({{"pid", pid},
                        {"name", name},
                        {"what", finding.what},
                        {"why", finding.why},
                        {"advice", finding.advice},
                        {"notice", finding.notice}});
    return list;
}

// Where it takes long, tells now and then how many processes have been looked at.
class Progress {
  public:
    Progress(Call& call, std::size_t of) : call_(call), of_(of) {}
    void next() {
        ++done_;
        if (std::chrono::steady_clock::now() - told_ >= kTell) tell();
    }

  private:
    void tell() {
        told_ = std::chrono::steady_clock::now();
        (void)call_.send_event({{"checked", done_}, {"of", of_}});
    }
    Call& call_;
    std::size_t of_, done_ = 0;
    std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

Obstacles look(const Agent& agent, const Task& init, Call& call) {
    Obstacles obstacles;
    if (const int sessions = agent.exec_sessions; sessions > 0)
        obstacles.push_back(
            {0,
             "",
             {std::to_string(sessions) + " command(s) of nap exec",
              "They end at a terminal outside of the machine.", "Let them end, or end them."}});
    const std::vector<Task> tasks = list_tasks();
    Surroundings surroundings{.mounts = MountTable::read(tasks), .epolls = {}};
    OrdinaryFiles ordinary(surroundings.mounts);
    const auto namespaces = namespaces_of(init.host_pid);
    Progress progress(call, tasks.size());
    for (const Task& task : tasks) {
        progress.next();
        if (task.state == 'X') continue;
        find_in_threads(task, obstacles);
        if (task.state == 'Z') continue;
        find_in_status(task, obstacles);
        find_in_control_groups(task, obstacles);
        find_own_namespaces(task, namespaces, obstacles);
        find_in_open_files(task, surroundings, obstacles);
        find_in_memory(task, ordinary, obstacles);
        find_in_program(task, obstacles);
        find_guard_regions(task, obstacles);
    }
    find_shared_contexts(tasks, obstacles);
    find_kernel_wide(obstacles);
    find_threaded_groups(obstacles);
    find_hidden_in_sockets(tasks, obstacles);
    if (const auto kernel = RunningKernel::get()) {
        find_in_apart_namespaces(**kernel, init, tasks, obstacles);
        find_landlock(**kernel, tasks, obstacles);
        find_keys(**kernel, obstacles);
        find_directory_signals(**kernel, tasks, obstacles);
        find_cancelled_timers(**kernel, tasks, obstacles);
    } else {
        log(kernel.error().message);
    }
    surroundings.mounts.find_obstacles(obstacles);
    return obstacles;
}

}  // namespace

Result<Json> check(Agent& agent, const Json&, Call& call) {
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    Obstacles obstacles = look(agent, *init, call);
    if (!obstacles.empty()) {
        std::this_thread::sleep_for(kLookAgain);
        obstacles = lasting(obstacles, look(agent, *init, call));
    }
    return Json{{"obstacles", to_json(obstacles)}};
}

}  // namespace nap::agent
