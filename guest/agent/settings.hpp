// SPDX-License-Identifier: GPL-2.0-only
// Settings: kernel settings in /proc and /sys that are changed for a while, with what stood there before.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::agent {

// The word in force, of a file that lists the choices ("always [madvise] never") or holds one value.
std::string value_in_force(std::string_view content);

class Settings {
  public:
    // A setting this kernel does not have is left out.
    Result<> set(const std::string& path, std::string_view value);
    Result<> restore();

  private:
    std::mutex mutex_;
    std::map<std::string, std::string> before_;
};

}  // namespace nap::agent
