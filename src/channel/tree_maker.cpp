// SPDX-License-Identifier: GPL-2.0-only
#include "channel/tree_maker.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nap::channel {

namespace {

// A folder below `root`; no symlink is followed, `..` does not get out.
Result<UniqueFd> open_beneath(int root, const std::string& path) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    UniqueFd fd(
        static_cast<int>(::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
    if (!fd) return fail_errno("cannot open the folder it lies in");
    return fd;
}

std::string parent_of(const std::string& path) {
    auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool privileged() {
    return ::geteuid() == 0;
}

}  // namespace

std::string TreeMaker::path() const {
    return printable((below_.empty() ? root_ : root_ / below_).string());
}

Result<> TreeMaker::named(Result<> done) const {
    if (!done) return std::unexpected(done.error().within("cannot receive " + path()));
    return done;
}

Result<> TreeMaker::make(const TreeEntry& entry) {
    if (!entry.path.empty() && !root_fd_) {
        TreeEntry root;
        root.type = TreeEntry::Type::directory;
        root.mode = 0755;
        NAP_CHECK(named(make_root(root)));
    }
    below_ = entry.path;
    return named(entry.path.empty() ? make_root(entry) : make_below(entry));
}

Result<> TreeMaker::write(std::span<const std::byte> content) {
    return named(write_all(unfinished_->fd(), content));
}

Result<> TreeMaker::finish() {
    if (!unfinished_) return {};
    if (unfinished_->fd() >= 0) {
        const timespec times[2] = {{0, UTIME_OMIT}, {mtime_, 0}};
        ::futimens(unfinished_->fd(), times);
    }
    NAP_CHECK(named(unfinished_->put_in_place()));
    unfinished_.reset();
    return {};
}

Result<> TreeMaker::make_root(const TreeEntry& entry) {
    if (entry.type == TreeEntry::Type::symlink)
        return fail(ErrorKind::protocol, "a tree's root is no symlink");
    NAP_TRY(TreePlace place, place_of_root(root_, name_.value_or(entry.name), entry.type));
    root_ = place.path;
    return make_at(std::move(place), entry);
}

Result<> TreeMaker::make_below(const TreeEntry& entry) {
    NAP_TRY(UniqueFd parent, open_beneath(root_fd_.get(), parent_of(entry.path)));
    return make_at({std::move(parent), last_of(entry.path), {}}, entry);
}

Result<> TreeMaker::make_at(TreePlace place, const TreeEntry& entry) {
    if (entry.type == TreeEntry::Type::directory) {
        NAP_TRY(UniqueFd folder, make_folder(place, entry));
        if (entry.path.empty()) root_fd_ = std::move(folder);
        return {};
    }
    NAP_TRY(const auto replaced, find_replaceable(place.folder.get(), place.name));
    if (entry.type == TreeEntry::Type::symlink) {
        NAP_TRY(auto link,
                Replacement::symlink(std::move(place.folder), std::move(place.name), entry.target));
        if (owners_) (void)link.set_owner(entry.uid, entry.gid);
        unfinished_.emplace(std::move(link));
        return {};
    }
    NAP_TRY(auto file, Replacement::file(std::move(place.folder), std::move(place.name)));
    unfinished_.emplace(std::move(file));
    mtime_ = entry.mtime;
    return set_rights(entry, replaced && S_ISREG(replaced->st_mode) ? &*replaced : nullptr);
}

Result<UniqueFd> TreeMaker::make_folder(const TreePlace& place, const TreeEntry& entry) {
    const bool made = ::mkdirat(place.folder.get(), place.name.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) return fail_errno("cannot make the folder");
    UniqueFd folder(::openat(place.folder.get(), place.name.c_str(),
                             (made ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder && errno == ENOTDIR) return fail(ErrorKind::refused, "it is there and is no folder");
    if (!folder) return fail_errno("cannot open the folder");
    if (!made) return folder;
    if (owners_ && privileged() && ::fchown(folder.get(), entry.uid, entry.gid) != 0)
        return fail_errno("cannot set its owner");
    auto mode = entry.mode & (owners_ ? 07777 : 0777);
    if (!privileged()) mode |= 0700;  // its content must still get in
    if (::fchmod(folder.get(), mode) != 0) return fail_errno("cannot set its mode");
    return folder;
}

// A file that is replaced gives its owner and mode, but not its setuid and setgid bits: they were meant for
// its content. Owner first: chown clears the bits that chmod sets.
Result<> TreeMaker::set_rights(const TreeEntry& entry, const struct stat* replaced) {
    auto mode = entry.mode & 0777;
    if (owners_) {
        if (privileged()) NAP_CHECK(unfinished_->set_owner(entry.uid, entry.gid));
        mode = entry.mode;
    } else if (replaced) {
        NAP_CHECK(unfinished_->set_owner(replaced->st_uid, replaced->st_gid));
        mode = replaced->st_mode & 0777;
    }
    if (::fchmod(unfinished_->fd(), mode) != 0) return fail_errno("cannot set its mode");
    return {};
}

}  // namespace nap::channel
