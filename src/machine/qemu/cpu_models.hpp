// SPDX-License-Identifier: GPL-2.0-only
// The processor models that this host's QEMU knows.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::machine {

// Pure. From what `qemu-system-x86_64 -cpu help` prints.
std::set<std::string> models_in(std::string_view help);

// A usage error where the host's QEMU does not know it.
Result<> check_cpu_model(const std::string& model);

}  // namespace nap::machine
