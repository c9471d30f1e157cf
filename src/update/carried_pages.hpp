// SPDX-License-Identifier: GPL-2.0-only
// The pages whose contents travel in CRIU's images, from the pagemap-PID.img files of an image folder.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "context/plan.hpp"

namespace nap::update {

Result<context::Carried> read_carried_pages(const std::filesystem::path& images);

}  // namespace nap::update
