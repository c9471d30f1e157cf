// SPDX-License-Identifier: GPL-2.0-only
// Params: a call's parameters, typed. A missing or mistyped one is a usage error that names it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "channel/link.hpp"

namespace nap::agent {

using channel::Json;

Result<std::string> text(const Json& params, const char* name);
Result<std::string> text_or(const Json& params, const char* name, std::string otherwise);
Result<std::uint64_t> number(const Json& params, const char* name);
Result<std::uint64_t> number_or(const Json& params, const char* name, std::uint64_t otherwise);
Result<bool> truth_or(const Json& params, const char* name, bool otherwise);
Result<std::vector<std::string>> texts(const Json& params, const char* name);  // at least one

}  // namespace nap::agent
