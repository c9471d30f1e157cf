// SPDX-License-Identifier: GPL-2.0-only
// The table of all parts.
#include <vector>

#include "agent/carried/inotify.hpp"
#include "agent/carried/part.hpp"
#include "agent/carried/pressure.hpp"

namespace nap::agent {

std::span<const Part> parts() {
    static const std::vector<Part> all = {
        {"pressure", capture_pressure, nullptr, put_back_pressure},
        // The last: what others put back may cause events.
        {"inotify", capture_inotify, nullptr, put_back_inotify},
    };
    return all;
}

}  // namespace nap::agent
