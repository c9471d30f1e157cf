// SPDX-License-Identifier: GPL-2.0-only
#include "agent/files/extended_attributes.hpp"

#include <sys/xattr.h>

#include <string>

#include "agent/carried/part_file.hpp"

namespace nap::agent {

using channel::Json;

namespace {

constexpr std::size_t kMostAttribute = 64 * 1024;

}  // namespace

Json attributes_of(const std::filesystem::path& file) {
    Json found = Json::object();
    if (::llistxattr(file.c_str(), nullptr, 0) <= 0) return found;  // most have none
    std::string names(kMostAttribute, '\0'), value(kMostAttribute, '\0');
    const ssize_t size = ::llistxattr(file.c_str(), names.data(), names.size());
    for (ssize_t at = 0; at < size;) {
        const char* name = names.data() + at;
        at += static_cast<ssize_t>(std::string_view(name).size()) + 1;
        const ssize_t length = ::lgetxattr(file.c_str(), name, value.data(), value.size());
        if (length >= 0) found[name] = to_binary({value.data(), static_cast<std::size_t>(length)});
    }
    return found;
}

Result<> set_attributes(const std::filesystem::path& file, const Json& attributes) {
    for (const auto& [name, value] : attributes.items()) {
        NAP_TRY(const std::string bytes, from_binary(value));
        if (::lsetxattr(file.c_str(), name.c_str(), bytes.data(), bytes.size(), 0) != 0)
            return fail_errno("cannot set the attribute " + name + " of " + file.string());
    }
    return {};
}

}  // namespace nap::agent
