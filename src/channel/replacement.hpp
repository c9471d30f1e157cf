// SPDX-License-Identifier: GPL-2.0-only
// A file or symlink on its way to a name in a folder: made under a temporary name beside it, renamed at its
// end. Whoever looks finds the old or the whole new one; one that never reached its end leaves nothing.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/fd.hpp"

namespace nap::channel {

// What stands under `name`, if anything. Refused: all but regular files and symlinks, for nothing else is
// replaced.
Result<std::optional<struct stat>> find_replaceable(int folder, const std::string& name);

// Says what kind of thing it is that is not replaced.
std::unexpected<Error> refuse_to_replace(mode_t mode);

class Replacement {
  public:
    static Result<Replacement> file(UniqueFd folder, std::string name);  // mode 0600, empty
    static Result<Replacement> symlink(UniqueFd folder, std::string name, const std::string& target);
    Replacement(Replacement&&) = default;
    Replacement& operator=(Replacement&&) = delete;
    ~Replacement();

    [[nodiscard]] int fd() const { return file_.get(); }  // of a file, for writing
    Result<> set_owner(uid_t uid, gid_t gid);
    Result<> put_in_place();

  private:
    Replacement(UniqueFd folder, std::string name);
    UniqueFd folder_, file_;  // no folder: in its place
    std::string name_, temporary_;
};

}  // namespace nap::channel
