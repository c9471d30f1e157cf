// SPDX-License-Identifier: GPL-2.0-only
// Undo values of System V semaphores: read in the kernel's memory, set by CRIU from a file among its images.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

Result<channel::Json> capture_undo_values(Agent& agent, const Task& init);
Result<> hand_undo_values_to_criu(Agent& agent, const channel::Json& captured, Warnings& warnings);

}  // namespace nap::agent
