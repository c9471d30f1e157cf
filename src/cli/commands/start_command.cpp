// SPDX-License-Identifier: GPL-2.0-only
// nap start: starts the machine's supervisor and waits until it says that the machine is up. nap supervise:
// is it.
#include <fcntl.h>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "cli/supervisor_process.hpp"
#include "supervisor/supervisor.hpp"

namespace nap::cli {

namespace {

Result<int> start(const Context& context, const MachineName& machine) {
    NAP_CHECK(load_machine(context.paths, machine.name));
    NAP_CHECK(supervisor::check_socket_paths(context.paths.machine(machine.name)));
    if (is_running(context, machine.name))
        return fail(ErrorKind::refused, "machine " + machine.name + " runs already");
    NAP_CHECK(start_supervisor(context, machine.name, false));
    if (context.json) {
        NAP_TRY(Json status, status_of(context, machine.name));
        print_json(status);
    }
    return 0;
}

struct SuperviseOptions {
    std::string name;
    int ready_fd = -1;
    bool recover_only = false;
};

Result<int> supervise(const Context& context, const SuperviseOptions& options) {
    if (options.ready_fd >= 0) ::fcntl(options.ready_fd, F_SETFD, FD_CLOEXEC);
    if (options.ready_fd < 0) NAP_CHECK(load_machine(context.paths, options.name));  // called by a person
    // What it prints is the machine's log, in which its error stands already
    return supervisor::supervise(context.paths, options.name, options.ready_fd, options.recover_only) ? 0 : 1;
}

}  // namespace

void add_start(Commands& commands) {
    auto& command =
        commands.add("start", "Start a machine and wait until its userland runs", "nap start web1");
    commands.act(command, take_machine_name(command), start);
}

void add_supervise(Commands& commands) {
    auto& command =
        commands.add("supervise", "A machine's supervisor, in the foreground", "nap supervise web1");
    command.group("");  // not in the help
    auto options = std::make_shared<SuperviseOptions>();
    command.add_option("NAME", options->name)->required();
    command.add_option("--ready-fd", options->ready_fd, "Descriptor to tell on that the machine is up");
    command.add_flag("--recover-only", options->recover_only,
                     "Only take over what a supervisor that died left running");
    commands.act(command, options, supervise);
}

}  // namespace nap::cli
