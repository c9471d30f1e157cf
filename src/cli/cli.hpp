// SPDX-License-Identifier: GPL-2.0-only
// The command line: arguments in, sentences or JSON out, an exit status back.
#pragma once

#include <string>
#include <vector>

namespace nap::cli {

// 0 done; 1 refused or failed, nothing lost; 2 not understood; `exec`: the program's status.
int run(std::vector<std::string> arguments);

}  // namespace nap::cli
