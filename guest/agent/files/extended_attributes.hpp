// SPDX-License-Identifier: GPL-2.0-only
// Extended attributes of a file, a link's own included: access lists, what programs note there.
#pragma once

#include <filesystem>

#include "channel/json.hpp"

namespace nap::agent {

// {name: value}
channel::Json attributes_of(const std::filesystem::path& file);
Result<> set_attributes(const std::filesystem::path& file, const channel::Json& attributes);

}  // namespace nap::agent
