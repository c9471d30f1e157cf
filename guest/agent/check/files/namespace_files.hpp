// SPDX-License-Identifier: GPL-2.0-only
// Namespaces held open by descriptors: one that a process is in is carried with it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "agent/check/obstacle.hpp"

namespace nap::agent {

// "uts" of "uts:[4026531838]", as a descriptor's link tells; nothing where it is none of a namespace.
std::optional<std::string_view> namespace_kind(std::string_view link);

// Asks all processes of the userland.
std::optional<Finding> judge_namespace(std::string_view kind, ino_t inode);

}  // namespace nap::agent
