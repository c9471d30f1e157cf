// SPDX-License-Identifier: GPL-2.0-only
// Image: the bytes of a disk image that no machine uses now, as the machine would see them. Read only,
// nothing is mounted or replayed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/error.hpp"

namespace nap::volume {

class Image {
  public:
    // `format`: raw, read here; any other (qcow2) by a qemu-nbd of our own, which ends with the image.
    static Result<std::unique_ptr<Image>> open(const std::filesystem::path& file, const std::string& format);

    virtual ~Image() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;  // bytes
    // All of `bytes`; beyond the end is an error.
    virtual Result<> read(std::uint64_t offset, std::span<std::byte> bytes) = 0;
};

}  // namespace nap::volume
