// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/identity.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "agent/calls/paths.hpp"
#include "agent/machine/boot.hpp"
#include "base/fd.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

namespace {

constexpr const char* kModule = "nap";

Result<> ask_module() {
    NAP_TRY(const UniqueFd device, open_file(kAdoptionDevice, O_RDWR));
    NAP_TRY(const UniqueFd group, open_file(kMachineCgroup, O_RDONLY | O_DIRECTORY));
    const __s32 descriptor = group.get();
    if (::ioctl(device.get(), NAP_IOC_ROOT_GROUP, &descriptor) != 0 && errno != ENOENT)
        return fail_errno("the adoption module cannot make the machine's control group look like the root");
    return {};
}

}  // namespace

Result<> disguise_root_group() {
    std::error_code error;
    const bool loaded = std::filesystem::exists(kAdoptionDevice, error);
    if (!loaded) NAP_CHECK(load_module(kAdoptionModule, ""));
    const auto done = ask_module();
    if (!loaded && ::syscall(SYS_delete_module, kModule, O_NONBLOCK) != 0)
        return fail_errno("cannot unload the adoption module");
    return done;
}

}  // namespace nap::agent
