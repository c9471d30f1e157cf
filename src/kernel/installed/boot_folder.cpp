// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/installed/boot_folder.hpp"

#include <algorithm>

#include "base/version_order.hpp"

namespace nap::kernel {

namespace {

constexpr std::string_view kPrefix = "vmlinuz-";
// Not yet, or no longer, what the system boots
constexpr std::string_view kAside[] = {".dpkg-new", ".dpkg-tmp", ".dpkg-old", ".dpkg-bak", ".dpkg-dist",
                                       ".old",      ".bak",      ".rpmnew",   ".rpmsave",  ".tmp"};

bool is_version(std::string_view name) {
    return !name.empty() && name.front() >= '0' && name.front() <= '9' &&
           std::ranges::none_of(kAside, [&](auto ending) { return name.ends_with(ending); }) &&
           std::ranges::all_of(name, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("._+~-").contains(c);
           });
}

std::string_view flavour(std::string_view version) {
    return version.substr(without_flavour(version).size());
}

}  // namespace

std::vector<std::string> versions_in_boot(const std::vector<std::string>& names, std::string_view running) {
    std::vector<std::string> versions;
    for (const auto& name : names)
        if (name.starts_with(kPrefix) && is_version(std::string_view(name).substr(kPrefix.size())))
            versions.push_back(name.substr(kPrefix.size()));
    std::ranges::sort(versions, [&](const auto& left, const auto& right) {
        const auto order = compare_versions(without_flavour(left), without_flavour(right));
        if (order != 0) return order > 0;
        const bool same_left = flavour(left) == flavour(running),
                   same_right = flavour(right) == flavour(running);
        if (same_left != same_right) return same_left;
        return compare_versions(left, right) > 0;
    });
    return versions;
}

}  // namespace nap::kernel
