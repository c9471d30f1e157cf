// SPDX-License-Identifier: GPL-2.0-only
// Recovery: what becomes of a machine whose supervisor died. Pure: decided from the journal and from which
// generations live; recover.hpp acts on it.
#pragma once

#include <vector>

#include "update/recovery/journal.hpp"

namespace nap::update {

enum class Recovery {
    none,               // no update was under way
    roll_back,          // the older generation goes on, the newer one is ended
    complete,           // the newer generation goes on, the older one is ended
    lost,               // no generation lives that could go on; the disk image is as the older one left it
    lost_after_commit,  // neither lives; what the newer one wrote still has to go from its overlay into the
                        // image
};

// Before the commit record the older generation goes on, after it the newer one. Where only the other one
// lives, that goes on if it is whole: the newer one from `restored` on (verified, frozen, nothing left to
// take from the older one), the older one also after `committed` (the newer one died before the older one was
// ended, so nothing outside has seen it).
Recovery decide(const std::vector<Record>& journal, bool older_lives, bool newer_lives);

}  // namespace nap::update
