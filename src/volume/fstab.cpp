// SPDX-License-Identifier: GPL-2.0-only
#include "volume/fstab.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace nap::volume {

namespace {

struct Tag {
    std::string_view name, folder;
    std::string Partition::*value;
};

constexpr std::array kTags = {Tag{"UUID=", "/dev/disk/by-uuid/", &Partition::uuid},
                              Tag{"LABEL=", "/dev/disk/by-label/", &Partition::label},
                              Tag{"PARTUUID=", "/dev/disk/by-partuuid/", &Partition::part_uuid},
                              Tag{"PARTLABEL=", "/dev/disk/by-partlabel/", &Partition::part_label}};

constexpr std::string_view kDisk = "/dev/vda";

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, at);) parts.push_back(part);
    return parts;
}

bool has(const Mount& mount, std::string_view option) {
    return std::ranges::find(mount.options, option) != mount.options.end();
}

// What follows the tag, without quotes.
std::string value_of(const std::string& from, std::string_view tag) {
    auto value = from.substr(tag.size());
    std::erase(value, '"');
    return value;
}

}  // namespace

std::vector<Mount> parse_fstab(std::string_view text) {
    std::vector<Mount> mounts;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        Mount mount;
        std::string options;
        if (!(fields >> mount.from >> mount.at) || mount.from.starts_with('#')) continue;
        fields >> mount.type >> options;
        mount.options = split(options, ',');
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

bool is_of_disk(const Mount& mount) {
    if (std::ranges::any_of(kTags, [&](const Tag& tag) { return mount.from.starts_with(tag.name); }))
        return true;
    return mount.from.starts_with("/dev/") && !mount.from.starts_with("/dev/mapper/") &&
           !mount.from.starts_with("/dev/loop");
}

const Partition* partition_of(const Mount& mount, const std::vector<Partition>& partitions) {
    for (const auto& partition : partitions) {
        for (const auto& tag : kTags)
            for (auto form : {tag.name, tag.folder}) {
                const auto& value = partition.*tag.value;
                if (mount.from.starts_with(form) && !value.empty() &&
                    ::strcasecmp(value_of(mount.from, form).c_str(), value.c_str()) == 0)
                    return &partition;
            }
        const auto number = partition.number == 0 ? "" : std::to_string(partition.number);
        if (mount.from == std::string(kDisk) + number) return &partition;
    }
    return nullptr;
}

std::vector<Mount> without_disk(const std::vector<Mount>& mounts, const std::vector<Partition>& partitions) {
    std::vector<Mount> waiting;
    for (const auto& mount : mounts)
        if (is_of_disk(mount) && !has(mount, "noauto") && !has(mount, "nofail") &&
            partition_of(mount, partitions) == nullptr)
            waiting.push_back(mount);
    return waiting;
}

}  // namespace nap::volume
