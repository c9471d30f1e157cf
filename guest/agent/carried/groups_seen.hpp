// SPDX-License-Identifier: GPL-2.0-only
// Groups seen: what control groups had when they were looked at, and which have been changed since.
#pragma once

#include <map>
#include <string>

#include "agent/files/folder_watch.hpp"
#include "channel/json.hpp"

namespace nap::agent {

struct GroupsSeen {
    FolderWatch watch;
    channel::Json fresh;                          // the settings of a fresh one
    std::map<std::string, channel::Json> groups;  // by folder; all but their members
};

}  // namespace nap::agent
