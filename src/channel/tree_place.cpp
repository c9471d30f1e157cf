// SPDX-License-Identifier: GPL-2.0-only
#include "channel/tree_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "channel/replacement.hpp"
#include "channel/tree.hpp"

namespace nap::channel {

namespace {

namespace fs = std::filesystem;

Result<TreePlace> place_in(const fs::path& folder, std::string name, fs::path path) {
    NAP_TRY(UniqueFd opened, open_file(folder, O_PATH | O_DIRECTORY));
    return TreePlace{std::move(opened), std::move(name), std::move(path)};
}

Result<TreePlace> place_beside(const fs::path& path) {
    return place_in(path.has_parent_path() ? path.parent_path() : fs::path("."), path.filename().string(),
                    path);
}

Result<TreePlace> place_of_new(const fs::path& target, TreeEntry::Type type) {
    struct stat link {};
    if (::lstat(target.c_str(), &link) == 0)
        return fail(ErrorKind::refused, "it is a symlink to something that is not there");
    // "new/" is a name for a folder only
    const auto path =
        type == TreeEntry::Type::directory && !target.has_filename() ? target.parent_path() : target;
    if (!path.has_filename()) return fail(ErrorKind::not_found, "there is no such folder");
    return place_beside(path);
}

}  // namespace

std::string name_of_root(const fs::path& root) {
    const auto name = (root.has_filename() ? root : root.parent_path()).filename().string();
    return name == "." || name == ".." ? "" : name;
}

Result<TreePlace> place_of_root(const fs::path& target, const std::string& name, TreeEntry::Type type) {
    struct stat status {};
    if (::stat(target.c_str(), &status) != 0) {
        if (errno == ENOENT) return place_of_new(target, type);
        return fail_errno("cannot look what is there");
    }
    if (S_ISDIR(status.st_mode)) {
        if (!name.empty()) return place_in(target, name, target / name);
        if (type != TreeEntry::Type::directory) return refuse_to_replace(status.st_mode);
        return place_in(target, ".", target);
    }
    if (type == TreeEntry::Type::directory) return fail(ErrorKind::refused, "it is there and is no folder");
    if (!S_ISREG(status.st_mode)) return refuse_to_replace(status.st_mode);
    std::error_code failure;
    const auto path = fs::canonical(target, failure);
    if (failure) return fail_errno("cannot follow it", failure.value());
    return place_beside(path);
}

}  // namespace nap::channel
