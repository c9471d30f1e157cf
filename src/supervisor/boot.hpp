// SPDX-License-Identifier: GPL-2.0-only
// Boot: the first generation of a machine, and its orderly end.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "supervisor/paths.hpp"
#include "update/running_machine.hpp"

namespace nap::supervisor {

// What holds a machine for one supervisor: its own lock and the disk image's.
struct Held {
    UniqueFd machine, disk;
};

struct Booted {
    Held held;
    std::unique_ptr<update::RunningMachine> machine;  // null: none runs
};

// What a supervisor that died left of the machine goes on (update/recovery/recover.hpp).
Result<Booted> take_over(const Paths& paths, const std::string& name);
// As take_over; where nothing runs, everything from machine.json to a running userland. On an error of
// starting nothing is left behind.
Result<Booted> boot(const Paths& paths, const std::string& name);

// Ends the userland (SIGTERM, then SIGKILL), unmounts its disk, ends the generation, removes memory files and
// sockets.
Result<> shut_down(update::RunningMachine& machine);

}  // namespace nap::supervisor
