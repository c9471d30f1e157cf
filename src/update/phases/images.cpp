// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/images.hpp"

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::update {

namespace {

// "pagemap-123.img" with prefix "pagemap-" -> 123; nothing for other names (pagemap-shmem-N.img is shared
// memory).
std::optional<std::int32_t> pid_of(std::string_view name, std::string_view prefix) {
    constexpr std::string_view suffix = ".img";
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    auto pid =
        parse_number<std::int32_t>(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
    return pid && *pid > 0 ? pid : std::nullopt;
}

using Ranges = std::vector<context::AddressRange>;

Result<std::map<std::int32_t, Ranges>> read_each(const std::filesystem::path& images, std::string_view prefix,
                                                 Result<Ranges> (*read)(std::span<const std::byte>)) {
    std::map<std::int32_t, Ranges> all;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(images, failure)) {
        auto pid = pid_of(entry.path().filename().string(), prefix);
        if (!pid) continue;
        // What the older kernel's agent sent is read as root: no device, no FIFO, nothing that lies elsewhere
        if (!entry.is_regular_file(failure) || entry.is_symlink(failure))
            return fail(ErrorKind::protocol, entry.path().string() + " is not a regular file");
        NAP_TRY(std::string bytes, read_file(entry.path()));
        auto ranges = read(as_bytes(bytes));
        if (!ranges) return std::unexpected(ranges.error().within(entry.path().filename().string()));
        all[*pid] = std::move(*ranges);
    }
    if (failure) return fail(ErrorKind::io, "cannot read " + images.string() + ": " + failure.message());
    return all;
}

}  // namespace

Result<context::Carried> read_carried_pages(const std::filesystem::path& images) {
    return read_each(images, "pagemap-", context::read_criu_pagemap);
}

Result<context::Areas> read_areas(const std::filesystem::path& images) {
    return read_each(images, "mm-", context::read_criu_areas);
}

}  // namespace nap::update
