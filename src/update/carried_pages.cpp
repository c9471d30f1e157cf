// SPDX-License-Identifier: GPL-2.0-only
#include "update/carried_pages.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include "base/fd.hpp"

namespace nap::update {

namespace {

// "pagemap-123.img" -> 123; nothing for other names (pagemap-shmem-N.img is shared memory).
std::optional<std::int32_t> pid_of(std::string_view name) {
    constexpr std::string_view prefix = "pagemap-", suffix = ".img";
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    name = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    std::int32_t pid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size() || pid <= 0) return std::nullopt;
    return pid;
}

}  // namespace

Result<context::Carried> read_carried_pages(const std::filesystem::path& images) {
    context::Carried carried;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(images, failure)) {
        auto pid = pid_of(entry.path().filename().string());
        if (!pid) continue;
        NAP_TRY(std::string bytes, read_file(entry.path()));
        auto ranges = context::read_criu_pagemap(as_bytes(bytes));
        if (!ranges) return std::unexpected(ranges.error().within(entry.path().filename().string()));
        carried[*pid] = std::move(*ranges);
    }
    if (failure) return fail(ErrorKind::io, "cannot read " + images.string() + ": " + failure.message());
    return carried;
}

}  // namespace nap::update
