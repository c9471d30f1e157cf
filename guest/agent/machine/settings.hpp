// SPDX-License-Identifier: GPL-2.0-only
// Settings: kernel settings in /proc and /sys that are changed for a while, with what stood there before.
// That is kept in a file, so that an agent which had to be started again can restore it.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace nap::agent {

// The word in force, of a file that lists the choices ("always [madvise] never") or holds one value.
std::string value_in_force(std::string_view content);

class Settings {
  public:
    explicit Settings(std::filesystem::path kept) : kept_(std::move(kept)) {}
    // A setting this kernel does not have is left out.
    Result<> set(const std::string& path, std::string_view value);
    // Those that somebody else has set meanwhile stay as they are.
    Result<> restore();

    // Of settings as read now, those changed here get the value they had before, which is the machine's.
    Result<> undo_in(std::map<std::string, std::string>& values) const;
    [[nodiscard]] Result<std::vector<std::string>> changed() const;  // paths
    // restore() will give it that value. It must be one of those changed here.
    Result<> restore_to(const std::string& path, const std::string& value);

  private:
    struct Change {
        std::string to, before;
    };
    using Changes = std::map<std::string, Change>;  // by path
    Result<Changes> changes() const;
    Result<> keep(const Changes& changes) const;
    mutable std::mutex mutex_;
    const std::filesystem::path kept_;  // "PATH TO BEFORE" lines
};

}  // namespace nap::agent
