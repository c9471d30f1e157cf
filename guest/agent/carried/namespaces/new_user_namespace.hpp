// SPDX-License-Identifier: GPL-2.0-only
// New user namespace: one just below the initial one, with an owner and maps.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::agent {

struct UserNamespaceSettings {
    uid_t owner = 0;
    std::string uid_map, gid_map, projid_map;  // as the files of /proc/PID show them; empty: not set
    bool groups = true;                        // setgroups(2) is allowed
};

// A descriptor, by which it lives.
Result<UniqueFd> make_user_namespace(const UserNamespaceSettings& settings);

}  // namespace nap::agent
