// SPDX-License-Identifier: GPL-2.0-only
// Writes CRIU's page map images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nap::context {

class CriuImage {
  public:
    CriuImage() {
        word(0x5456'4319);
        word(0x5608'4025);
        message({0x08, 0x01});  // pagemap_head: pages_id 1
    }
    using Bytes = std::vector<std::uint8_t>;

    CriuImage& message(const Bytes& message) {
        word(static_cast<std::uint32_t>(message.size()));
        for (const auto byte : message) bytes_.push_back(static_cast<std::byte>(byte));
        return *this;
    }
    CriuImage& entry(std::uint64_t address, std::uint64_t pages, std::uint64_t flags) {
        Bytes bytes;
        field(bytes, 1, address);
        field(bytes, 2, pages);
        field(bytes, 4, flags);
        return message(bytes);
    }
    static void field(Bytes& bytes, std::uint8_t number, std::uint64_t value) {
        bytes.push_back(static_cast<std::uint8_t>(number << 3));
        for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
        bytes.push_back(static_cast<std::uint8_t>(value));
    }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

  private:
    void word(std::uint32_t value) {
        for (int i = 0; i < 4; ++i) bytes_.push_back(static_cast<std::byte>(value >> 8 * i));
    }
    std::vector<std::byte> bytes_;
};

}  // namespace nap::context
