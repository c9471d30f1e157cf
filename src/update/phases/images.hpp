// SPDX-License-Identifier: GPL-2.0-only
// What the host itself reads of CRIU's images: which pages travel in them, and which memory areas they
// recreate.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "context/areas.hpp"
#include "context/carried.hpp"

namespace nap::update {

Result<context::Carried> read_carried_pages(const std::filesystem::path& images);  // pagemap-PID.img
Result<context::Areas> read_areas(const std::filesystem::path& images);            // mm-PID.img

}  // namespace nap::update
