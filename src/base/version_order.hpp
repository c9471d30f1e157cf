// SPDX-License-Identifier: GPL-2.0-only
// Which of two kernel versions is newer: digits count as numbers, as dpkg --compare-versions has it
// (deb-version(7)), and release candidates ("6.12-rc3") come before their release.
#pragma once

#include <compare>
#include <string_view>

namespace nap {

std::strong_ordering compare_versions(std::string_view left, std::string_view right);

// "6.1.0-47-cloud-amd64" -> "6.1.0-47": up to the part that names a flavour, which begins with a letter.
// Parts that count, such as "-rc3", belong to the version.
std::string_view without_flavour(std::string_view version);

}  // namespace nap
