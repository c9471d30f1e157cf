// SPDX-License-Identifier: GPL-2.0-only
// /run/reboot-required: packages ask by it for the machine to be booted anew. Where kernels alone have asked,
// and the kernel that runs is none older, that is done.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace nap::agent {

// Pure. `packages`: /run/reboot-required.pkgs, a name per line; `release`: of the kernel that runs.
bool is_met_by(std::string_view packages, std::string_view release);

// Removes both files where the request is met. None there: done.
Result<> withdraw_reboot_request();

}  // namespace nap::agent
