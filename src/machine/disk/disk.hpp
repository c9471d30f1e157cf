// SPDX-License-Identifier: GPL-2.0-only
// The machine's disk image: what it is, its lock, and the throw-away overlay of a newer generation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::machine {

struct DiskInfo {
    std::string format;      // raw or qcow2
    std::uint64_t size = 0;  // virtual size, bytes
    bool is_device = false;  // a host block device rather than a file
};

// `format` empty: probed by qemu-img, which must be done once, at creation, and never on an image that a
// guest has written to: it could have written a qcow2 header that names files of the host.
Result<DiskInfo> inspect_disk(const std::filesystem::path& image, const std::string& format);

// Pure: the format in qemu-img's `info --output=json`.
Result<std::string> disk_format_from(const std::string& qemu_img_output, const std::filesystem::path& image);

// Busy where the host uses the image as a disk of its own: a block device that is mounted or otherwise
// claimed, a loop device.
Result<> refuse_used_by_host(const std::filesystem::path& image);

// Exclusive for one machine while the descriptor is open. QEMU's own locking is off between the generations
// of a machine, so this lock also takes the bytes QEMU locks: no other QEMU can use the image either. Busy
// names the image.
Result<UniqueFd> lock_disk(const std::filesystem::path& image);

// With qemu-img, while no QEMU runs: what the overlay of a generation that died holds goes into the image,
// the overlay is removed. Its header is not trusted: it may not name other files.
Result<> merge_without_guest(const std::filesystem::path& overlay, const std::filesystem::path& image,
                             const DiskInfo& info);

// An empty qcow2 without backing.
Result<> create_overlay(const std::filesystem::path& overlay, std::uint64_t size);

}  // namespace nap::machine
