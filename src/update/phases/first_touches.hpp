// SPDX-License-Identifier: GPL-2.0-only
// First touches: the newer generation's second-level page tables (EPT, NPT) are empty where user memory is,
// so that each page's first access after the commit would be a fault that the host answers. What can be
// spared of them is, in prepare.
#pragma once

#include "context/page_map.hpp"
#include "update/attempt.hpp"

namespace nap::update {

// The processes' pages are gathered on 2 MiB pages of the host where they lie close together; under KVM the
// newer kernel then reads each of them once. `rehearsed` need not be exact. What fails is logged: it makes
// the update slower, no more.
void spare_first_touches(Attempt& attempt, const context::PageMap& rehearsed);

}  // namespace nap::update
