// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/recovery.hpp"

namespace nap::update {

Recovery decide(const std::vector<Record>& journal, bool older_lives, bool newer_lives) {
    if (journal.empty() || is_final(journal.back().step)) return Recovery::none;
    if (journal.back().step == Step::committed) {
        if (newer_lives) return Recovery::complete;
        return older_lives ? Recovery::roll_back : Recovery::lost_after_commit;
    }
    if (older_lives) return Recovery::roll_back;
    return newer_lives && journal.back().step == Step::restored ? Recovery::complete : Recovery::lost;
}

}  // namespace nap::update
