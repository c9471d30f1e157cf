// SPDX-License-Identifier: GPL-2.0-only
// What one control group has: settings, owners, controllers of those below; read and
// set.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "channel/json.hpp"

namespace nap::agent {

// {file name: content} of all that can be written and read.
channel::Json settings_of(const std::filesystem::path& group);
channel::Json changed_settings(const channel::Json& settings, const channel::Json& fresh);
// A line at a time, as the kernel takes them of files with a line a device.
Result<> write_setting(const std::filesystem::path& file, const std::string& value);

// {file name, or "." for the group: [uid, gid, mode]} where these are not root's and the usual ones.
channel::Json owners_of(const std::filesystem::path& group);
Result<> set_owners(const std::filesystem::path& group, const channel::Json& owners);

// `controllers`: as cgroup.subtree_control lists them.
Result<> enable_controllers(const std::filesystem::path& group, const std::string& controllers);

}  // namespace nap::agent
