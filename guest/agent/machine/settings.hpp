// SPDX-License-Identifier: GPL-2.0-only
// Settings: kernel settings in /proc and /sys that are changed for a while, with what stood there before.
// That is kept in a file, so that an agent which had to be started again can restore it.
#pragma once

#include <filesystem>
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
    explicit Settings(std::filesystem::path kept) : kept_(std::move(kept)) {}
    // A setting this kernel does not have is left out.
    Result<> set(const std::string& path, std::string_view value);
    Result<> restore();

  private:
    Result<std::map<std::string, std::string>> before() const;  // path to value
    std::mutex mutex_;
    const std::filesystem::path kept_;  // "PATH VALUE" lines
};

}  // namespace nap::agent
