// SPDX-License-Identifier: GPL-2.0-only
#include "volume/system.hpp"

#include <algorithm>

namespace nap::volume {

namespace {

constexpr std::string_view kBoot = "/boot";
constexpr std::size_t kMostFstab = 1 << 20;

// "1 (vfat), 2 (ext4)"
std::string list_of(const std::vector<Partition>& partitions) {
    std::string text;
    for (const auto& partition : partitions)
        text += (text.empty() ? "" : ", ") + std::to_string(partition.number) + " (" +
                (partition.type.empty() ? "unknown" : partition.type) + ")";
    return text;
}

bool is_out_of_reach(const Partition& partition) {
    constexpr std::string_view kTypes[] = {
        "xfs", "btrfs", "LVM2_member", "crypto_LUKS", "linux_raid_member", "zfs_member", "f2fs"};
    return std::ranges::find(kTypes, partition.type) != std::end(kTypes);
}

Result<std::vector<Partition>> candidates(Image& image, const std::vector<Partition>& all,
                                          std::optional<int> wanted) {
    if (image.size() == 0 || all.empty())
        return fail(ErrorKind::protocol, "it holds neither a partition table nor a file system");
    if (!wanted) return all;
    auto chosen = std::ranges::find(all, *wanted, &Partition::number);
    if (chosen == all.end())
        return fail(ErrorKind::usage,
                    *wanted == 0 ? "it has partitions, " + list_of(all) + ", and no file system of its own"
                                 : "it has no partition " + std::to_string(*wanted) + "; it has " +
                                       (all.front().number == 0 ? "no table of partitions" : list_of(all)));
    return std::vector{*chosen};
}

}  // namespace

Result<System> System::find(std::unique_ptr<Image> image, std::optional<int> wanted,
                            const std::string& init) {
    NAP_TRY(const auto all, partitions_of(*image));
    NAP_TRY(const auto looked_at, candidates(*image, all, wanted));
    System system;
    std::vector<Partition> roots;
    std::string damaged;
    for (const auto& partition : looked_at) {
        if (!is_readable(partition)) continue;
        auto files = FileSystem::open(*image, partition);
        if (!files) {
            damaged = "partition " + std::to_string(partition.number) + ": " + files.error().message;
            continue;
        }
        if (!(*files)->exists(init)) continue;
        roots.push_back(partition);
        system.root_ = *std::move(files);
    }
    if (roots.size() > 1)
        return fail(ErrorKind::refused, "several of its partitions have " + init + ": " + list_of(roots) +
                                            "; --partition N chooses one");
    if (roots.empty() && std::ranges::any_of(looked_at, is_out_of_reach))
        return fail(ErrorKind::unsupported,
                    "its root file system cannot be read, for Nap reads ext4 only, and "
                    "it has " +
                        list_of(looked_at));
    if (roots.empty() && !damaged.empty()) return fail(ErrorKind::protocol, damaged);
    if (roots.empty())
        return fail(ErrorKind::refused, "it has no init: there is no " + init + " on it (" +
                                            list_of(looked_at) +
                                            "); --init PATH names another first program");
    system.image_ = std::move(image);
    system.root_partition_ = roots.front();
    NAP_CHECK(system.find_boot(all));
    return system;
}

Result<> System::find_boot(const std::vector<Partition>& partitions) {
    auto text = root_->read("/etc/fstab", kMostFstab);
    if (!text && text.error().kind == ErrorKind::not_found) return {};
    if (!text) return std::unexpected(text.error());
    const auto mounts = parse_fstab(*text);
    missing_ = without_disk(mounts, partitions);
    const auto mount = std::ranges::find(mounts, kBoot, &Mount::at);
    if (mount == mounts.end()) return {};
    const auto* partition = partition_of(*mount, partitions);
    if (partition == nullptr) {
        no_boot_ = Error{ErrorKind::not_found,
                         "its fstab has /boot on " + mount->from + ", which is not on this disk"};
    } else if (!is_readable(*partition)) {
        no_boot_ = Error{ErrorKind::unsupported, "its /boot cannot be read, for Nap reads ext4 only, and " +
                                                     mount->from + " is " + partition->type};
    } else if (partition->number != root_partition_.number) {
        NAP_TRY(boot_, FileSystem::open(*image_, *partition));
    }
    return {};
}

// Which file system has the path, which becomes one of that file system's own.
Result<FileSystem*> System::holder_of(std::string& path) {
    if (path != kBoot && !path.starts_with(std::string(kBoot) + '/')) return root_.get();
    if (no_boot_) return std::unexpected(*no_boot_);
    if (!boot_) return root_.get();
    path = path == kBoot ? "/" : path.substr(kBoot.size());
    return boot_.get();
}

Result<std::vector<std::string>> System::list(const std::string& folder) {
    auto path = folder;
    NAP_TRY(auto* holder, holder_of(path));
    return holder->list(path);
}

Result<std::string> System::read(const std::string& file, std::size_t limit) {
    auto path = file;
    NAP_TRY(auto* holder, holder_of(path));
    return holder->read(path, limit);
}

}  // namespace nap::volume
