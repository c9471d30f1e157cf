// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace guest {

// Mounts a file system of that type, in a mount namespace of its own, so that the mount goes with the
// process. Returns where.
std::string mounted(const char* type);

}  // namespace guest
