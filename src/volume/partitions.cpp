// SPDX-License-Identifier: GPL-2.0-only
// libblkid reads descriptors, not images: it is given a sparse file of the image's size that has what it
// looks at, the ends of the disk and the beginnings of partitions.
#include "volume/partitions.hpp"

#include <blkid/blkid.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/fd.hpp"
#include "base/units.hpp"

namespace nap::volume {

namespace {

constexpr std::uint64_t kHead = kMiB;  // superblocks: btrfs' is at 64 KiB, ext4's at 1 KiB
constexpr int kMostRounds = 16;        // partitions within an extended one are found one after another

struct FreeProbe {
    void operator()(blkid_struct_probe* probe) const { ::blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<blkid_struct_probe, FreeProbe>;

class Sketch {
  public:
    static Result<Sketch> begin(Image& image) {
        Sketch sketch(image, UniqueFd(::memfd_create("nap-disk", MFD_CLOEXEC)));
        if (!sketch.fd_ || ::ftruncate(sketch.fd_.get(), static_cast<off_t>(image.size())) != 0)
            return fail_errno("cannot make a sketch of the disk image");
        NAP_CHECK(sketch.draw(0));
        NAP_CHECK(sketch.draw(image.size() - std::min(image.size(), kHead)));
        return sketch;
    }

    [[nodiscard]] int fd() const { return fd_.get(); }

    Result<> draw(std::uint64_t offset) {
        if (offset >= image_.size()) return {};
        std::vector<std::byte> bytes(std::min(kHead, image_.size() - offset));
        NAP_CHECK(image_.read(offset, bytes));
        if (::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) !=
            static_cast<ssize_t>(bytes.size()))
            return fail_errno("cannot make a sketch of the disk image");
        return {};
    }

  private:
    Sketch(Image& image, UniqueFd fd) : image_(image), fd_(std::move(fd)) {}
    Image& image_;
    UniqueFd fd_;
};

std::string text(const char* value) {
    return value == nullptr ? "" : value;
}

Result<Probe> probe_of(int fd, std::uint64_t offset, std::uint64_t size) {
    Probe probe(::blkid_new_probe());
    if (!probe || ::blkid_probe_set_device(probe.get(), fd, static_cast<blkid_loff_t>(offset),
                                           static_cast<blkid_loff_t>(size)) != 0)
        return fail_errno("cannot look into the disk image");
    return probe;
}

// Where partitions are; what they hold is left open. Nothing: there is no table.
Result<std::vector<Partition>> table_of(const Sketch& sketch, std::uint64_t size) {
    constexpr int kExtended[] = {0x05, 0x0f, 0x85};
    NAP_TRY(auto probe, probe_of(sketch.fd(), 0, size));
    ::blkid_probe_enable_superblocks(probe.get(), 0);
    ::blkid_probe_enable_partitions(probe.get(), 1);
    std::vector<Partition> found;
    if (::blkid_do_fullprobe(probe.get()) < 0) return found;
    auto* list = ::blkid_probe_get_partitions(probe.get());
    const int count = list == nullptr ? 0 : ::blkid_partlist_numof_partitions(list);
    for (int i = 0; i < count; ++i) {
        auto* each = ::blkid_partlist_get_partition(list, i);
        Partition partition;
        partition.number = ::blkid_partition_get_partno(each);
        partition.offset = static_cast<std::uint64_t>(::blkid_partition_get_start(each)) * 512;
        partition.size = static_cast<std::uint64_t>(::blkid_partition_get_size(each)) * 512;
        partition.part_uuid = text(::blkid_partition_get_uuid(each));
        partition.part_label = text(::blkid_partition_get_name(each));
        const int type = ::blkid_partition_get_type(each);
        if (std::ranges::find(kExtended, type) != std::end(kExtended)) partition.type = "extended";
        // A table may say anything
        if (partition.offset >= size || partition.size == 0) continue;
        partition.size = std::min(partition.size, size - partition.offset);
        found.push_back(std::move(partition));
    }
    return found;
}

Result<> tell_content(const Sketch& sketch, Partition& partition) {
    NAP_TRY(auto probe, probe_of(sketch.fd(), partition.offset, partition.size));
    ::blkid_probe_enable_superblocks(probe.get(), 1);
    ::blkid_probe_set_superblocks_flags(
        probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_USAGE);
    if (::blkid_do_safeprobe(probe.get()) != 0) return {};
    const auto value = [&](const char* name) {
        const char* data = nullptr;
        return ::blkid_probe_lookup_value(probe.get(), name, &data, nullptr) == 0 ? text(data) : "";
    };
    partition.type = value("TYPE");
    partition.uuid = value("UUID");
    partition.label = value("LABEL");
    return {};
}

}  // namespace

Result<std::vector<Partition>> partitions_of(Image& image) {
    NAP_TRY(auto sketch, Sketch::begin(image));
    std::vector<Partition> partitions;
    for (int round = 0; round < kMostRounds; ++round) {
        NAP_TRY(auto found, table_of(sketch, image.size()));
        if (round > 0 && found.size() == partitions.size()) break;
        for (std::size_t i = partitions.size(); i < found.size(); ++i)
            NAP_CHECK(sketch.draw(found[i].offset));
        partitions = std::move(found);
        if (partitions.empty()) break;
    }
    const bool table = !partitions.empty();
    if (!table) partitions.push_back({.number = 0, .offset = 0, .size = image.size()});
    for (auto& partition : partitions)
        if (partition.type.empty()) NAP_CHECK(tell_content(sketch, partition));
    if (!table && partitions.front().type.empty()) partitions.clear();
    return partitions;
}

}  // namespace nap::volume
