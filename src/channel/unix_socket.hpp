// SPDX-License-Identifier: GPL-2.0-only
// Unix sockets: where a supervisor listens and the cli connects. A path longer than kMaxSocketPath is a usage
// error.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::channel {

inline constexpr std::size_t kMaxSocketPath = 107;  // bytes; Linux's sun_path without its end

Result<UniqueFd> listen_unix(
    const std::string& path);  // mode 0600; replaces a stale socket, busy if one answers
Result<UniqueFd> connect_unix(const std::string& path);
Result<UniqueFd> accept_unix(int listener);

}  // namespace nap::channel
