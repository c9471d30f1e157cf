// SPDX-License-Identifier: GPL-2.0-only
// Whether a kernel was built with what Nap needs, from its configuration (boot/config-VERSION).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::kernel {

using Config =
    std::map<std::string, std::string, std::less<>>;  // "PID_NS" -> "y"; options that are off are absent

Config parse_config(std::string_view text);

// The options looked at and their values; refused with every missing one named, and what it is needed for.
Result<Config> check_features(std::string_view version, const Config& config);

}  // namespace nap::kernel
