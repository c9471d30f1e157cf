// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freezing/freeze.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>
#include <string>
#include <thread>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/contexts/network_lock.hpp"
#include "agent/contexts/step_times.hpp"
#include "agent/files/hidden_names.hpp"
#include "agent/freezing/in_flight.hpp"
#include "agent/freezing/own_freezers.hpp"
#include "agent/freezing/watchdog.hpp"
#include "agent/machine/clock.hpp"
#include "agent/undo/undo.hpp"
#include "agent/userland/groups.hpp"
#include "agent/userland/tasks.hpp"
#include "agent/userland/time_offset.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Call;
using channel::Json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kFreezeLimit{5};
constexpr std::chrono::seconds kTryLimit{3};
constexpr std::chrono::duration<int, std::micro> kFirstPause{2'000}, kLongestPause{50'000};
// While the userland is frozen to be dumped: no packet leaves a socket. It ends with the agent. Guarded by
// Agent::lifecycle.
UniqueFd network_lock;

constexpr std::uint64_t kLongestFreeze = 3'600'000;  // ms

// The tasks that keep the cgroup from being frozen sleep uninterruptibly or still run.
std::string not_yet_frozen() {
    std::string names;
    for (const Task& task : list_tasks())
        if (task.state == 'D' || task.state == 'R')
            names += " " + task.name + " (pid " + std::to_string(task.pid) + ", state " + task.state + ")";
    return names.empty() ? "" : "; still busy:" + names;
}

bool waits_uninterruptibly(const std::string& thread) {
    const auto stat = read_file("/proc/" + thread + "/stat");
    if (!stat) return false;  // it has ended
    const auto name_end = stat->rfind(") ");
    return name_end != std::string::npos && stat->substr(name_end + 2, 1) == "D";
}

// A parent in vfork(2) counts as frozen while it waits, uninterruptibly, for its frozen child: it cannot be
// traced, so not be dumped. The thread's id; empty: nobody waits so.
Result<std::string> find_uninterruptible() {
    NAP_TRY(std::string threads, read_file(fs::path(kCgroup) / "cgroup.threads"));
    for (const fs::path& group : groups_below(kCgroup))
        threads += read_file(group / "cgroup.threads").value_or("");
    std::istringstream ids(threads);
    for (std::string id; ids >> id;)
        if (waits_uninterruptibly(id)) return id;
    return "";
}

// What keeps the frozen userland from being dumped, though it need not a moment later.
struct InTheWay {
    std::string what;    // empty: nothing
    std::string thread;  // that waits uninterruptibly, if any
};

Result<InTheWay> find_in_the_way() {
    NAP_TRY(std::string thread, find_uninterruptible());
    if (!thread.empty())
        return InTheWay{.what = "some process waits uninterruptibly" + not_yet_frozen(),
                        .thread = std::move(thread)};
    const auto init = find_init();
    if (!init) return InTheWay{};
    NAP_TRY(std::string in_flight, find_in_flight(init->host_pid));
    return InTheWay{.what = std::move(in_flight), .thread = ""};
}

// The thawed userland goes on until what was in the way may be gone: never in step with what the programs do,
// and no less than it stood still, or a busy machine would get nowhere between two tries.
void let_go_on(const InTheWay& in_the_way, int tries, Clock::duration stood, Clock::time_point deadline,
               std::minstd_rand& random) {
    const auto longest = std::min(kFirstPause * tries, kLongestPause);
    const auto chosen = std::uniform_int_distribution(longest.count() / 2, longest.count())(random);
    std::this_thread::sleep_for(std::max<Clock::duration>(std::chrono::microseconds(chosen), stood));
    while (!in_the_way.thread.empty() && waits_uninterruptibly(in_the_way.thread) && Clock::now() < deadline)
        std::this_thread::sleep_for(kFirstPause);
}

// Frozen at a moment at which it can be dumped: what is half-way is let go on, each time for longer.
Result<> freeze_where_dumpable(StepTimes& times) {
    std::minstd_rand random(static_cast<std::uint32_t>(Clock::now().time_since_epoch().count()));
    const auto deadline = Clock::now() + kTryLimit;
    for (int tries = 1;; ++tries) {
        const auto stops = Clock::now();
        NAP_CHECK(set_frozen(true));
        NAP_CHECK(wait_until_frozen(kFreezeLimit));
        NAP_TRY(const InTheWay in_the_way, find_in_the_way());
        times.ended(in_the_way.what.empty() ? "freeze" : "freeze, in vain");
        if (in_the_way.what.empty()) return {};
        NAP_CHECK(set_frozen(false));
        const auto goes_on = Clock::now();
        if (goes_on > deadline)
            return fail(ErrorKind::busy,
                        in_the_way.what + ", at each of " + std::to_string(tries) + " tries");
        let_go_on(in_the_way, tries, goes_on - stops, deadline, random);
        times.ended("go on until the next try");
    }
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

Result<Json> freeze(Agent& agent, const Json& params, Call&) {
    NAP_TRY(const std::uint64_t thaw_after, number(params, "thaw_after_ms"));
    const std::lock_guard lock(agent.lifecycle);
    NAP_CHECK(set_thaw_deadline(std::chrono::milliseconds(std::min(thaw_after, kLongestFreeze))));
    StepTimes times;
    auto done = freeze_where_dumpable(times);
    if (done) done = give_hidden_names(times);
    auto offset = userland_time_offset();
    if (done && !offset) done = std::unexpected(offset.error());
    if (!done) {
        (void)take_hidden_names();
        (void)set_frozen(false);
        return std::unexpected(done.error().within("freezing failed, the userland runs on"));
    }
    // From here on connections stand still: what the dump sees of them is what is there at the stop.
    NAP_TRY(network_lock, lock_network());
    // Nobody sets the clock from here on
    return Json{
        {"realtime_ahead", realtime_ahead() - *offset}, {"time_offset", *offset}, {"steps", times.told()}};
}

Result<Json> thaw(Agent& agent, const Json&, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    undo_left_dump();
    network_lock.reset();
    const Result<> own = freeze_own_freezers();
    const Result<> names = take_hidden_names();
    NAP_CHECK(set_frozen(false));
    NAP_CHECK(own);
    NAP_CHECK(names);
    remove_thaw_deadline();
    return Json::object();
}

}  // namespace nap::agent
