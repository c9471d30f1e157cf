// SPDX-License-Identifier: GPL-2.0-only
// Obstacle: what stands in the way of an update. `nap check` names them; an update with any is refused before
// anything is disturbed. A notice is none: the update is made, and something small is not as it was.
#pragma once

#include <cstdint>
#include <string>

namespace nap::update {

struct Obstacle {
    std::int32_t pid = 0;  // 0: not about one process
    std::string name, what, why, advice;
    bool notice = false;
};

// "redis (PID 12): an io_uring instance: its state lies in the kernel; let it use epoll instead". Why and
// advice may be full sentences, or empty.
std::string sentence(const Obstacle& obstacle);

}  // namespace nap::update
