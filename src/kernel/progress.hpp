// SPDX-License-Identifier: GPL-2.0-only
// What is being done now, told to whoever waits for it.
#pragma once

#include <functional>
#include <string>

namespace nap::kernel {

using Progress = std::function<void(const std::string& step)>;

}  // namespace nap::kernel
