// SPDX-License-Identifier: GPL-2.0-only
// Area settings: names (PR_SET_VMA_ANON_NAME), NUMA policies (mbind) and seals (mseal) of memory areas. CRIU
// sets them, from the file `area-settings` among its images.
#pragma once

#include <string>

#include "agent/areas/area_search.hpp"
#include "agent/carried/part.hpp"

namespace nap::agent {

// What takes a while, before the userland is frozen.
Result<> prepare_area_settings();

Result<channel::Json> capture_area_settings(Agent& agent, const Task& init);
Result<> hand_area_settings_to_criu(Agent& agent, const channel::Json& captured, Warnings& warnings);

// As CRIU's include/area-settings.h has them; `pid`: in the userland.
channel::Json to_json(pid_t pid, const SetArea& area);
std::string encode_area_settings(const channel::Json& captured);

}  // namespace nap::agent
