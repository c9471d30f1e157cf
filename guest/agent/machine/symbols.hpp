// SPDX-License-Identifier: GPL-2.0-only
// Symbols: the kernel's, with their addresses, as /proc/kallsyms lists them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::agent {

// Also where kernel.kptr_restrict=2 hides them from everybody: that is lifted for the moment.
Result<std::string> read_symbols();

// Whether such a list tells names only.
bool addresses_hidden(std::string_view kallsyms);

}  // namespace nap::agent
