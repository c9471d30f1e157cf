// SPDX-License-Identifier: GPL-2.0-only
// Machines as they lie on the host: their folders, their configuration, whether one runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "channel/link.hpp"
#include "machine/config.hpp"
#include "supervisor/paths.hpp"

namespace nap::cli {

using supervisor::Paths;

// not_found names the machine.
Result<machine::Config> load_machine(const Paths& paths, const std::string& name);
std::vector<std::string> machine_names(const Paths& paths);  // sorted

// A connection to the machine's supervisor. not_found: there is no such machine; refused: it does not run.
Result<std::unique_ptr<channel::Link>> connect_supervisor(const Paths& paths, const std::string& name);
[[nodiscard]] bool is_running(const Paths& paths, const std::string& name);

// Held while the files of a stopped machine are changed; refused if it runs.
Result<UniqueFd> hold_stopped(const Paths& paths, const std::string& name);

// The status call's answer, or the same keys for a machine that is stopped.
Result<nlohmann::json> status_of(const Paths& paths, const std::string& name);

}  // namespace nap::cli
