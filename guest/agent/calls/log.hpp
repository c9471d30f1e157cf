// SPDX-License-Identifier: GPL-2.0-only
// Log: lines on the guest's console, which the host keeps.
#pragma once

#include <string_view>

namespace nap::agent {

void log(std::string_view line);

}  // namespace nap::agent
