// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freezing/watchdog.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "agent/calls/log.hpp"
#include "agent/calls/paths.hpp"
#include "agent/files/hidden_names.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/freezing/own_freezers.hpp"
#include "agent/machine/disk.hpp"
#include "agent/undo/undo.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace {

// Nanoseconds of CLOCK_MONOTONIC, in decimal.
std::filesystem::path deadline_file() {
    return std::filesystem::path(kRunDirectory) / "thaw-deadline";
}

std::chrono::nanoseconds now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

// Until it traces nobody any more. It is reaped as any other process.
void end(pid_t agent) {
    ::kill(agent, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(agent), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
}

}  // namespace

Result<> set_thaw_deadline(std::chrono::milliseconds from_now) {
    return replace_file(deadline_file(), std::to_string((now() + from_now).count()));
}

void remove_thaw_deadline() {
    std::error_code ignored;
    std::filesystem::remove(deadline_file(), ignored);
}

void watch(pid_t agent) {
    auto deadline = read_file(deadline_file());
    if (!deadline || now().count() < leading_number<std::int64_t>(*deadline)) return;
    log("the userland is still frozen; it is thawed, and the agent ended");
    if (agent > 0) end(agent);
    undo_left_dump();
    if (auto thawed = set_root_frozen(false); !thawed) log(thawed.error().message);
    if (auto taken = take_hidden_names(); !taken) log(taken.error().message);
    if (auto frozen = freeze_own_freezers(); !frozen) log(frozen.error().message);
    if (auto thawed = set_frozen(false); !thawed) log(thawed.error().message);
    remove_thaw_deadline();
}

}  // namespace nap::agent
