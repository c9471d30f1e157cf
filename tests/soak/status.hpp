// SPDX-License-Identifier: GPL-2.0-only
// A worker's status file: how far it is, and the first failure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace soak {

struct Status {
    pid_t pid = 0;
    std::uint64_t rounds = 0;
    std::uint64_t done = 0;
    std::string failure;  // empty: none so far
};

// Written aside and renamed: a reader sees all of it or the one before.
void write_status(const std::string& directory, const std::string& worker, const Status& status);
Status read_status(const std::string& directory, const std::string& worker);

}  // namespace soak
