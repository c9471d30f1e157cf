// SPDX-License-Identifier: GPL-2.0-only
// A crowd: so many processes with so many descriptors each, for measuring what a check costs.
#pragma once

#include <string>
#include <vector>

namespace guest {

// PROCESSES DESCRIPTORS: prints "ready" when all are there; they end with this process, when its input does.
int crowd(const std::vector<std::string>& arguments);

}  // namespace guest
