// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freeze.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agent/paths.hpp"
#include "agent/tasks.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Call;
using channel::Json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kFreezeLimit{5};

// The tasks that keep the cgroup from being frozen sleep uninterruptibly or still run.
std::string not_yet_frozen() {
    std::string names;
    for (const Task& task : list_tasks())
        if (task.state == 'D' || task.state == 'R')
            names += " " + task.name + " (pid " + std::to_string(task.pid) + ", state " + task.state + ")";
    return names.empty() ? "" : "; still busy:" + names;
}

}  // namespace

Result<> set_frozen(bool frozen) {
    return write_file(fs::path(kCgroup) / "cgroup.freeze", frozen ? "1" : "0");
}

Result<bool> frozen() {
    NAP_TRY(const std::string content, read_file(fs::path(kCgroup) / "cgroup.freeze"));
    return content.starts_with("1");
}

Result<> wait_until_frozen(std::chrono::milliseconds limit) {
    const fs::path path = fs::path(kCgroup) / "cgroup.events";
    NAP_TRY(UniqueFd events, open_file(path, O_RDONLY));
    const auto deadline = Clock::now() + limit;
    for (;;) {
        char content[256] = {};
        if (::pread(events.get(), content, sizeof content - 1, 0) < 0)
            return fail_errno("cannot read " + path.string());
        if (std::string_view(content).find("frozen 1") != std::string_view::npos) return {};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0)
            return fail(ErrorKind::timeout, "the userland did not freeze within " +
                                                std::to_string(limit.count()) + " ms" + not_yet_frozen());
        pollfd changed{events.get(), POLLPRI, 0};
        ::poll(&changed, 1, static_cast<int>(left.count()));
    }
}

Result<Json> freeze(Agent& agent, const Json&, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_CHECK(set_frozen(true));
    if (auto done = wait_until_frozen(kFreezeLimit); !done) {
        (void)set_frozen(false);
        return std::unexpected(done.error().within("freezing failed, the userland runs on"));
    }
    return Json::object();
}

Result<Json> thaw(Agent& agent, const Json&, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_CHECK(set_frozen(false));
    return Json::object();
}

}  // namespace nap::agent
