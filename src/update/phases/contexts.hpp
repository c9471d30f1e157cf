// SPDX-License-Identifier: GPL-2.0-only
// Receiving the essential contexts (CRIU's images) from the older kernel's agent, which is not trusted.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "channel/link.hpp"
#include "channel/tree.hpp"
#include "update/agent/agent_answers.hpp"

namespace nap::update {

// From the call's data part 0 into `folder`, and through `onward` as they come, until the agent replies.
// At most `most` bytes of them; no symlinks: the folder is read as root. Gives up after
// `limit`, and a second more for each MiB that came: slow is not endless.
struct Taken {
    std::uint64_t bytes = 0;
    std::vector<agent::StepTime> steps;  // of the older kernel's agent
};
Result<Taken> take_contexts(channel::Call& dump, const std::filesystem::path& folder, std::uint64_t most,
                            std::chrono::milliseconds limit, const channel::Sink& onward);

}  // namespace nap::update
