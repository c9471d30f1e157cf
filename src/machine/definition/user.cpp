// SPDX-License-Identifier: GPL-2.0-only
#include "machine/definition/user.hpp"

#include <sys/stat.h>

#include "base/hash.hpp"

namespace nap::machine {

uid_t user_of(const std::filesystem::path& state) {
    return kFirstUser + static_cast<uid_t>(stable_hash(state.string()) % kUsers);
}

Result<Credentials> credentials_of(const std::filesystem::path& state, Accelerator accelerator) {
    auto user = user_of(state);
    Credentials credentials{.user = user, .group = user};
    if (accelerator == Accelerator::kvm) {
        NAP_TRY(credentials.groups, groups_for(kKvmDevice));
    }
    return credentials;
}

Result<std::vector<gid_t>> groups_for(const std::filesystem::path& device) {
    constexpr gid_t kUnmapped = 65534;  // what user_namespaces(7) shows instead
    constexpr mode_t kForAll = S_IROTH | S_IWOTH, kForGroup = S_IRGRP | S_IWGRP;
    struct stat status {};
    if (::stat(device.c_str(), &status) != 0) return fail_errno("cannot use " + device.string());
    if ((status.st_mode & kForAll) == kForAll) return std::vector<gid_t>{};
    if ((status.st_mode & kForGroup) == kForGroup && status.st_gid == kUnmapped)
        return fail(ErrorKind::permission, device.string() +
                                               " belongs to a group that is not mapped into this container: "
                                               "open it to everybody, or to a group of the container's");
    // Root's group may read more than this device
    if (status.st_gid != 0 && (status.st_mode & kForGroup) == kForGroup) return std::vector{status.st_gid};
    return fail(ErrorKind::permission, device.string() +
                                           " is open to root alone, but QEMU runs without rights: give it to "
                                           "a group that may read and write it");
}

}  // namespace nap::machine
