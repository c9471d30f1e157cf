// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/shut_down.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "agent/calls/paths.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

constexpr std::chrono::seconds kOrderly{30}, kTerminate{10}, kKill{20}, kUnmount{20};

bool wait_until(std::chrono::seconds limit, const std::function<bool()>& reached) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!reached()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

bool ended(const Task& task) {
    return task.state == 'Z' || task.state == 'X';
}

// systemd ends its services itself. Other inits would start them anew, so they are held while their services
// are told to end.
void end_services(const Task& init) {
    if (init.name == "systemd") {
        ::kill(init.host_pid, SIGRTMIN + 3);
        wait_until(kOrderly, [] { return !find_init(); });
        return;
    }
    ::kill(init.host_pid, SIGSTOP);
    for (const Task& task : list_tasks())
        if (task.pid != 1) ::kill(task.host_pid, SIGTERM);
    wait_until(kTerminate, [] {
        const auto tasks = list_tasks();
        return std::ranges::all_of(tasks, [](const Task& task) { return task.pid == 1 || ended(task); });
    });
}

}  // namespace

Result<Json> shut_down(Agent& agent, const Json&, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_CHECK(set_frozen(false));
    if (const auto init = find_init()) {
        end_services(*init);
        ::kill(init->host_pid, SIGKILL);  // and with it all that is left
        if (!wait_until(kKill, [] { return list_tasks().empty(); }))
            return fail(ErrorKind::timeout, "the userland's processes did not end");
    }
    ::sync();
    int error = 0;
    const bool unmounted = wait_until(kUnmount, [&error] {
        if (::umount2(kRoot, 0) == 0) return true;
        error = errno;
        return error != EBUSY;
    });
    if (!unmounted || (error != 0 && error != EBUSY && error != EINVAL))
        return fail_errno("cannot unmount the root file system", error);
    return Json::object();
}

}  // namespace nap::agent
