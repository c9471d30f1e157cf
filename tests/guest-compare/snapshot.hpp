// SPDX-License-Identifier: GPL-2.0-only
// A snapshot: what the kernel shows of every process and thread, as text: one line "KEY<tab>VALUE" for each
// field, KEY is "PID NAME/file/field". Numbers that say only which objects are the same (inodes of sockets,
// ids of mounts and namespaces) are replaced by their order of appearance, so that relations remain.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace compare {

using Snapshot = std::map<std::string, std::string>;

// Numbers by order of appearance, each kind for itself.
class Ordinals {
  public:
    std::string of(const std::string& kind, const std::string& number);

  private:
    std::map<std::string, std::map<std::string, int>> seen_;
};

// Of all processes but this one and those that it stems from.
Snapshot take_snapshot();

std::string to_text(const Snapshot& snapshot);
Snapshot from_text(std::string_view text);

// "[12345]" and the like at the end of a link: "socket:[12345]" -> "socket:#0".
std::string with_ordinal(const std::string& link, Ordinals& ordinals);
// A line of maps or smaps, with devices that are no disks and their inodes replaced.
std::string area_line(const std::string& line, Ordinals& ordinals);
// One of mountinfo, without what numbers mounts, devices that are no disks, and peer groups.
std::string mount_line(const std::string& line);
// "Key:  value" lines, below `prefix`.
void add_fields(Snapshot& snapshot, const std::string& prefix, const std::string& text);
// /proc/PID/stat, fields numbered as in proc(5).
void add_stat(Snapshot& snapshot, const std::string& prefix, const std::string& text);

}  // namespace compare
