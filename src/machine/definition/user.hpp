// SPDX-License-Identifier: GPL-2.0-only
// The user a machine's QEMU runs as: one of its own, without an account, without rights. All generations of a
// machine share it, as they share its memory; another machine's QEMU is another user, whom the host's kernel
// keeps away from both.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "base/process.hpp"
#include "machine/definition/accelerator.hpp"

namespace nap::machine {

// systemd's list of user ids (UIDS-GIDS) leaves 0x7000'0000 to 0x7fff'ffff to nobody.
inline constexpr uid_t kFirstUser = 0x7000'0000;
inline constexpr uid_t kUsers = 0x1000'0000;

// Pure. `state`: the machine's folder, which no other machine of the host has.
uid_t user_of(const std::filesystem::path& state);

// With KVM it is also in the group that /dev/kvm is open to.
Result<Credentials> credentials_of(const std::filesystem::path& state, Accelerator accelerator);

// The supplementary groups with which somebody without rights can use the device: none where all can. An
// error says how to open it.
Result<std::vector<gid_t>> groups_for(const std::filesystem::path& device);

}  // namespace nap::machine
