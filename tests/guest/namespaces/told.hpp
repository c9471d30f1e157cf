// SPDX-License-Identifier: GPL-2.0-only
// Namespaces of processes, as /proc tells and gives them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace guest {

// `kind`: "uts", "ipc", ...
ino_t namespace_of(pid_t pid, const std::string& kind);
std::vector<ino_t> namespaces_of_threads(pid_t pid, const std::string& kind);
ino_t namespace_behind(int fd);
void enter_namespace(const std::string& path);  // the calling thread

}  // namespace guest
