// SPDX-License-Identifier: GPL-2.0-only
// Makes a tree's entries, one after the other, and nothing beside its root, whatever their paths are.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "channel/replacement.hpp"
#include "channel/tree_entry.hpp"
#include "channel/tree_place.hpp"

namespace nap::channel {

// Errors name the path.
class TreeMaker {
  public:
    // `owners`, `name` as in tree.hpp
    TreeMaker(std::filesystem::path root, bool owners, std::optional<std::string> name)
        : root_(std::move(root)), owners_(owners), name_(std::move(name)) {}

    // The one before must be finished. A folder comes into being here, anything else when it is finished.
    Result<> make(const TreeEntry& entry);
    Result<> write(std::span<const std::byte> content);  // of the file made last
    Result<> finish();                                   // what was made last takes its place
    void give_up() { unfinished_.reset(); }
    [[nodiscard]] std::string path() const;  // of the entry made last

  private:
    Result<> make_root(const TreeEntry& entry);
    Result<> make_below(const TreeEntry& entry);
    Result<> make_at(TreePlace place, const TreeEntry& entry);
    Result<UniqueFd> make_folder(const TreePlace& place, const TreeEntry& entry);
    Result<> set_rights(const TreeEntry& entry, const struct stat* replaced);
    Result<> named(Result<> done) const;

    std::filesystem::path root_;  // where it goes, once that is known
    const bool owners_;
    const std::optional<std::string> name_;
    std::string below_;  // the path of the entry made last
    UniqueFd root_fd_;   // of a folder
    std::optional<Replacement> unfinished_;
    std::int64_t mtime_ = 0;
};

}  // namespace nap::channel
