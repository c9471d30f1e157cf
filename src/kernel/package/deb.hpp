// SPDX-License-Identifier: GPL-2.0-only
// Debian binary packages (deb(5)): an ar archive of control.tar.* and data.tar.*.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "kernel/package/control.hpp"

namespace nap::kernel {

// The control file of a package; it has Package and Version.
Result<Paragraph> deb_control(const std::filesystem::path& deb);

// Unpacks a package's files below `directory`, which exists. Files, directories and links only; no owners, no
// setuid. An entry that would end up outside of `directory`, by its name or through a link, is an error.
Result<> deb_unpack(const std::filesystem::path& deb, const std::filesystem::path& directory);

}  // namespace nap::kernel
