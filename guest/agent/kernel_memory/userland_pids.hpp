// SPDX-License-Identifier: GPL-2.0-only
// Userland pids: the number that each thread of the userland has there, by its number in the initial PID
// namespace, from one pass over all threads: /proc/PID/status would have to be read for each.
#pragma once

#include <sys/types.h>

#include <map>

#include "base/error.hpp"

namespace nap::agent {

class UserlandPids {
  public:
    // What the first look needs, made beforehand: it takes a while.
    static Result<> prepare();
    static Result<UserlandPids> look();

    // 0: no thread of the userland.
    [[nodiscard]] pid_t of(pid_t host_tid) const;

  private:
    std::map<pid_t, pid_t> known_;
};

}  // namespace nap::agent
