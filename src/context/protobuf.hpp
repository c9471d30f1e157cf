// SPDX-License-Identifier: GPL-2.0-only
// Protobuf's wire format, as much as CRIU's images need (protobuf.dev/programming-guides/encoding). Untrusted
// bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace nap::context {

// Takes bytes from the front; nothing once they do not suffice.
class Bytes {
  public:
    explicit Bytes(std::span<const std::byte> bytes) : left_(bytes) {}
    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] std::size_t size() const { return left_.size(); }

    std::optional<std::span<const std::byte>> take(std::uint64_t count) {
        if (count > left_.size()) return std::nullopt;
        const auto taken = left_.first(count);
        left_ = left_.subspan(count);
        return taken;
    }

    std::optional<std::uint32_t> word() {
        const auto bytes = take(4);
        if (!bytes) return std::nullopt;
        std::uint32_t value;
        std::memcpy(&value, bytes->data(), sizeof value);
        return value;
    }

    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = take(1);
            if (!byte) return std::nullopt;
            const auto bits = std::to_integer<std::uint64_t>((*byte)[0]);
            value |= (bits & 0x7f) << shift;
            if ((bits & 0x80) == 0) return value;
        }
        return std::nullopt;
    }

    // A message of a CRIU image: u32 length, then so many bytes.
    std::optional<std::span<const std::byte>> message() {
        const auto size = word();
        if (!size) return std::nullopt;
        return take(*size);
    }

  private:
    std::span<const std::byte> left_;
};

// Calls number(field, value) for each integer and bytes(field, span) for each length-delimited field of a
// message; passes over the other kinds. False if the message is malformed.
template <class Number, class Delimited>
bool read_fields(std::span<const std::byte> message, Number number, Delimited delimited) {
    for (Bytes bytes(message); !bytes.empty();) {
        const auto tag = bytes.varint();
        if (!tag || *tag >> 3 == 0) return false;
        const auto field = *tag >> 3;
        switch (*tag & 7) {
            case 0: {
                const auto value = bytes.varint();
                if (!value) return false;
                number(field, *value);
                break;
            }
            case 1:
                if (!bytes.take(8)) return false;
                break;
            case 2: {
                const auto size = bytes.varint();
                const auto content = size ? bytes.take(*size) : std::nullopt;
                if (!content) return false;
                delimited(field, *content);
                break;
            }
            case 5:
                if (!bytes.take(4)) return false;
                break;
            default:
                return false;
        }
    }
    return true;
}

}  // namespace nap::context
