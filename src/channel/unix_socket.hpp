// SPDX-License-Identifier: GPL-2.0-only
// Unix sockets: where a supervisor listens and the cli connects. A path of more than 107 bytes is a usage
// error.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::channel {

Result<UniqueFd> listen_unix(
    const std::string& path);  // mode 0600; replaces a stale socket, busy if one answers
Result<UniqueFd> connect_unix(const std::string& path);
Result<UniqueFd> accept_unix(int listener);

}  // namespace nap::channel
