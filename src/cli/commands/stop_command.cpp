// SPDX-License-Identifier: GPL-2.0-only
// nap stop and nap rm.
#include "base/process.hpp"
#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "update/recovery/unsettled.hpp"

namespace nap::cli {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kStopLimit = 180s;  // userland's own end, and TCG's slowness

// The supervisor ends when the machine has: that is what to wait for.
Result<Process> supervisor_of(channel::Link& link) {
    NAP_TRY(Json status, link.call("status", Json::object(), 10s));
    auto pid = static_cast<pid_t>(number_at(status, "supervisor_pid"));
    NAP_TRY(std::uint64_t start_time, process_start_time(pid));
    NAP_TRY(Process process, Process::adopt(pid, start_time));
    process.release();
    return process;
}

bool is_updating(channel::Link& link) {
    auto status = link.call("status", Json::object(), 10s);
    return status && status->is_object() && text_at(*status, "state") == "updating";
}

Result<int> stop(const Context& context, const MachineName& machine) {
    NAP_TRY(auto link, connect_supervisor(context, machine.name));
    NAP_TRY(Process supervisor, supervisor_of(*link));
    NAP_CHECK(link->call("stop", Json::object(), 60s));
    bool updating = false;
    do {
        updating = is_updating(*link);
        if (supervisor.wait(kStopLimit)) return 0;
    } while (updating);
    return fail(ErrorKind::timeout, "machine " + machine.name + " was asked to stop, but has not within " +
                                        std::to_string(kStopLimit.count()) + " s; see `nap log " +
                                        machine.name + "`");
}

Result<int> remove(const Context& context, const MachineName& machine) {
    NAP_CHECK(find_machine(context.paths, machine.name));
    NAP_TRY(UniqueFd held, hold_stopped(context, machine.name));
    auto paths = context.paths.machine(machine.name);
    NAP_TRY(bool unsettled, update::is_unsettled(paths));
    if (unsettled)
        return fail(ErrorKind::refused, "cannot remove machine " + machine.name +
                                            ": what it wrote since its last update is not yet in its disk "
                                            "image; `nap start " +
                                            machine.name + "` merges it");
    // The configuration goes first: what is left then is not a machine
    for (const auto& path : {paths.config(), paths.state, paths.memory, paths.run}) {
        std::error_code error;
        fs::remove_all(path, error);
        if (error) return fail_errno("cannot remove " + path.string(), error.value());
    }
    // The last machine's; as long as there are others it is not empty
    std::error_code in_use;
    if (context.paths.memory != context.paths.run) fs::remove(context.paths.memory, in_use);
    return 0;
}

}  // namespace

void add_stop(Commands& commands) {
    auto& command = commands.add("stop", "Stop a machine in order; if it is being updated, when that is done",
                                 "nap stop web1");
    commands.act(command, take_machine_name(command), stop);
}

void add_remove(Commands& commands) {
    auto& command =
        commands.add("rm", "Forget a stopped machine, its history and logs; its disk stays", "nap rm web1");
    commands.act(command, take_machine_name(command), remove);
}

}  // namespace nap::cli
