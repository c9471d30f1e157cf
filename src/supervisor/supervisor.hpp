// SPDX-License-Identifier: GPL-2.0-only
// The supervisor: one process per running machine. It owns the generations, answers the cli on the control
// socket and drives updates. Generations outlive it: they are QEMU processes of their own sessions.
#pragma once

#include <string>

#include "base/error.hpp"
#include "supervisor/paths.hpp"

namespace nap::supervisor {

// Takes the machine over from a supervisor that died; else boots it, unless `recover_only`. Serves until
// `stop` is asked for or the generation ends. `ready_fd`: a pipe on which "up\n" is written once the userland
// runs, "none\n" where nothing was to be recovered, or "error KIND MESSAGE\n" if it could not be started;
// then closed. Its errors stand in its log, standard output, when it returns.
Result<> supervise(const Paths& paths, const std::string& machine, int ready_fd, bool recover_only);

}  // namespace nap::supervisor
