// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/restore.hpp"

#include <chrono>
#include <filesystem>
#include <string>

#include "agent/calls/files.hpp"
#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/carried/control_groups.hpp"
#include "agent/carried/part.hpp"
#include "agent/connections/recreate.hpp"
#include "agent/contexts/accounts.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/contexts/intake.hpp"
#include "agent/contexts/network_lock.hpp"
#include "agent/contexts/restorer.hpp"
#include "agent/files/hidden_names.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/machine/clock.hpp"
#include "agent/userland/bpf_refusal.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"
#include "context/criu_clocks.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Call;

namespace {

constexpr std::chrono::milliseconds kFrozenLimit{5'000};

// What has passed since the dump by the userland's clock, which is `ahead` of this kernel's.
Result<Advance> advance_since_dump(const fs::path& images, std::int64_t ahead) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(images, failure)) {
        if (!entry.path().filename().native().starts_with("timens-")) continue;
        NAP_TRY(const std::string image, read_file(entry.path()));
        NAP_TRY(const std::int64_t dumped, context::read_criu_monotonic(as_bytes(image)));
        const auto now = monotonic_now();
        if (now + ahead <= dumped)
            return fail(ErrorKind::refused, "the userland's clock would go backwards, by " +
                                                std::to_string(dumped - now - ahead) + " ns");
        return Advance{now + ahead - dumped, now};
    }
    return fail(ErrorKind::protocol, "CRIU's images do not tell the clocks");
}

// All restored processes, moved into the frozen control groups they belong to: what they are given from here
// on is charged to those, and none of them runs when CRIU lets go of it. They are younger than CRIU.
Result<HostPids> move_into_groups(pid_t criu, const CriuFolders& folders) {
    NAP_CHECK(set_frozen(true));
    NAP_TRY(const Membership membership, Membership::read(folders.images));
    HostPids pids;
    for (const Task& task : list_tasks(criu)) {
        pids[task.pid] = task.host_pid;
        if (auto moved =
                write_file(membership.group_of(task.pid) / "cgroup.procs", std::to_string(task.host_pid));
            !moved)
            return std::unexpected(moved.error().within("cannot move pid " + std::to_string(task.pid)));
    }
    return pids;
}

}  // namespace

Result<Json> restore(Agent& agent, const Json& params, Call& call) {
    NAP_TRY(const std::int64_t monotonic_ahead, ahead(params, "monotonic_ahead"));
    NAP_TRY(const std::int64_t realtime_ahead, ahead(params, "realtime_ahead"));
    if (find_init()) return fail(ErrorKind::busy, "a userland is there already");
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_TRY(const CriuFolders folders, CriuFolders::make());
    channel::TreeReceiver images(folders.images, {}, "");
    NAP_CHECK(receive_tree(call, images));  // beside which the disk may be mounted

    const std::lock_guard lock(agent.lifecycle);
    Warnings warnings;
    StepTimes times;
    NAP_CHECK(put_back_before_tasks(agent, folders.images, warnings, times));
    // Timers of CLOCK_REALTIME are set by what it shows
    NAP_CHECK(set_realtime_ahead(realtime_ahead + monotonic_ahead));
    NAP_TRY(const Advance advance, advance_since_dump(folders.images, monotonic_ahead));
    NAP_TRY(UniqueFd network_lock, lock_network());
    NAP_TRY(Restorer criu, Restorer::start(folders, advance));
    if (auto ready = criu.wait_until_ready(); !ready) {
        send_log(folders, call);
        return std::unexpected(ready.error());
    }
    NAP_CHECK(call.send_event({{"state", "ready"}}));
    times.ended("CRIU's restore");
    NAP_TRY(const Intake intake, receive_plan(call));
    times.ended("receive the plan");
    NAP_CHECK(recreate_connections(intake.connections, warnings));
    times.ended("recreate connections");
    NAP_CHECK(put_back_before_network(agent, folders.images, warnings, times));
    network_lock.reset();
    NAP_TRY(const HostPids pids, move_into_groups(criu.pid(), folders));
    const auto init = pids.find(1);
    if (init == pids.end()) return fail(ErrorKind::guest, "CRIU recreated no init");
    NAP_TRY(const nap_adopt adopted, device.adopt(intake.plan, intake.spilled, pids));
    times.ended("adopt pages");
    NAP_CHECK(call.send_event({{"state", "adopted"}}));
    if (auto gone = criu.let_go(); !gone) {
        send_log(folders, call);
        return std::unexpected(gone.error());
    }
    NAP_CHECK(wait_until_frozen(kFrozenLimit));
    times.ended("let CRIU go");
    NAP_CHECK(take_hidden_names());
    times.ended("deleted files lose their names");
    NAP_CHECK(device.go_on_with(intake.calls, init->second));
    times.ended("calls under way");
    NAP_CHECK(put_back_accounts(device, intake.accounts, pids, warnings));
    times.ended("put back accounts");
    NAP_CHECK(put_back_after_tasks(agent, folders.images, pids, warnings, times));
    if (!agent.bpf_refusal) {  // the agent was started again since it prepared
        NAP_TRY(agent.bpf_refusal, BpfRefusal::attach());
    }
    NAP_CHECK(agent.bpf_refusal->refuse_to(init->second));
    return Json{{"adopted", to_json(adopted)},
                {"host_pid", init->second},
                {"warnings", warnings},
                {"steps", times.told()}};
}

}  // namespace nap::agent
