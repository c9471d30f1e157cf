// SPDX-License-Identifier: GPL-2.0-only
// Kernels as a distribution has installed them on a machine's disk: /boot/vmlinuz-VERSION, its modules in
// /lib/modules/VERSION. Which there are, which is the newest. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nap::kernel {

inline constexpr std::string_view kBootFolder = "/boot";

// The versions among the names in /boot, newest first; of equally new ones those of the flavour of `running`
// first, else as a boot loader orders them. What a package manager has not put in its place yet is none.
std::vector<std::string> versions_in_boot(const std::vector<std::string>& names, std::string_view running);

}  // namespace nap::kernel
