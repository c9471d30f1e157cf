// SPDX-License-Identifier: GPL-2.0-only
#include "channel/replacement.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>

namespace nap::channel {

namespace {

// Not to be guessed: a sender must not name what is on its way. A kernel just booted is not waited for.
std::string temporary_name() {
    std::uint64_t number = 0;
    (void)!::getrandom(&number, sizeof number, GRND_INSECURE);
    char name[32];
    std::snprintf(name, sizeof name, ".nap-cp-%016" PRIx64, number);
    return name;
}

}  // namespace

std::unexpected<Error> refuse_to_replace(mode_t mode) {
    const auto* kind = S_ISDIR(mode)    ? "folder"
                       : S_ISFIFO(mode) ? "FIFO"
                       : S_ISSOCK(mode) ? "socket"
                                        : "device";
    return fail(ErrorKind::refused,
                std::string("it is a ") + kind + ", and only regular files and symlinks are replaced");
}

Result<std::optional<struct stat>> find_replaceable(int folder, const std::string& name) {
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return std::nullopt;
        return fail_errno("cannot look what is there");
    }
    if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) return refuse_to_replace(status.st_mode);
    return status;
}

Replacement::Replacement(UniqueFd folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)), temporary_(temporary_name()) {}

Replacement::~Replacement() {
    if (folder_) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
}

Result<Replacement> Replacement::file(UniqueFd folder, std::string name) {
    Replacement made(std::move(folder), std::move(name));
    made.file_.reset(::openat(made.folder_.get(), made.temporary_.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made.file_) return fail_errno("cannot make the file");
    return made;
}

Result<Replacement> Replacement::symlink(UniqueFd folder, std::string name, const std::string& target) {
    Replacement made(std::move(folder), std::move(name));
    if (::symlinkat(target.c_str(), made.folder_.get(), made.temporary_.c_str()) != 0)
        return fail_errno("cannot make the symlink");
    return made;
}

Result<> Replacement::set_owner(uid_t uid, gid_t gid) {
    if (::fchownat(folder_.get(), temporary_.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno("cannot set its owner");
    return {};
}

Result<> Replacement::put_in_place() {
    if (::renameat(folder_.get(), temporary_.c_str(), folder_.get(), name_.c_str()) != 0)
        return fail_errno("cannot replace it");
    folder_.reset();
    return {};
}

}  // namespace nap::channel
