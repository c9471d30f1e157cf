// SPDX-License-Identifier: GPL-2.0-only
// A machine's last end that nobody asked for, kept until it is started again: what `nap status` says of it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "machine/definition/paths.hpp"
#include "machine/qemu/end.hpp"

namespace nap::supervisor {

// In the log, too. Failing to keep it is logged only.
void keep_end(const machine::MachinePaths& paths, const machine::End& end);
// Its init ended: that is all there is to say.
void keep_end_of_init(const machine::MachinePaths& paths);
void forget_end(const machine::MachinePaths& paths);

// {"time", "kind", "how", "text", ...} where there is one: `how` in a few words, `text` all of it, with what
// to do.
std::optional<nlohmann::json> kept_end(const machine::MachinePaths& paths);

}  // namespace nap::supervisor
