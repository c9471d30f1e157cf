// SPDX-License-Identifier: GPL-2.0-only
// Device files: what lies in devtmpfs, of which each kernel has one and fills it with nodes of its own. What
// programs (udev) made of it goes over: folders, links, owners, modes, access lists, times.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kDeviceFiles;

// [{path, mode, ...}] of what is below `root`, not of what is mounted there; folders before what is in them.
Result<channel::Json> list_device_files(const std::filesystem::path& root);
// A node whose driver the newer kernel lacks is left out.
void put_device_files(const std::filesystem::path& root, const channel::Json& listed, Warnings& warnings);

}  // namespace nap::agent
