// SPDX-License-Identifier: GPL-2.0-only
// Machines as they lie on the host: their folders, their configuration, whether one runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "channel/link.hpp"
#include "cli/command.hpp"
#include "machine/definition/config.hpp"

namespace nap::cli {

// not_found names the machine. Its configuration may still be damaged, which load_machine says.
Result<> find_machine(const Paths& paths, const std::string& name);
Result<machine::Config> load_machine(const Paths& paths, const std::string& name);
Result<std::vector<std::string>> machine_names(const Paths& paths);  // sorted

// A connection to the machine's supervisor; where that died, a successor takes the machine over first.
// not_found: there is no such machine; refused: it does not run; busy: it is being started or recovered.
Result<std::unique_ptr<channel::Link>> connect_supervisor(const Context& context, const std::string& name);
[[nodiscard]] bool is_running(const Context& context, const std::string& name);

// Held while the files of a stopped machine are changed, which may be damaged; refused if it runs.
Result<UniqueFd> hold_stopped(const Context& context, const std::string& name);

// The status call's answer, or the same keys for a machine that is stopped.
Result<nlohmann::json> status_of(const Context& context, const std::string& name);

}  // namespace nap::cli
