// SPDX-License-Identifier: GPL-2.0-only
// SHA-256 of all of U, for tests that prove a rolled-back update changed no byte of it.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace nap::update {

Result<std::string> hash_user_memory(const std::filesystem::path& file);

}  // namespace nap::update
