// SPDX-License-Identifier: GPL-2.0-only
// A file mapped for reading. The bytes may change under the reader when a guest owns the file, and where its
// QEMU cuts it short they become zeros: that is no SIGBUS.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/error.hpp"

namespace nap {

class MappedFile {
  public:
    static Result<MappedFile> open(const std::filesystem::path& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  private:
    explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::span<const std::byte> bytes_;
};

}  // namespace nap
