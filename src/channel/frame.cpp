// SPDX-License-Identifier: GPL-2.0-only
// Frames: coding and the checks on what a peer sends.
#include "channel/frame.hpp"

#include <algorithm>
#include <cassert>
#include <string>

namespace nap::channel {

namespace {

constexpr std::uint16_t kMagic = 0x704e;

struct Header {
    std::uint32_t length;
    std::uint8_t type;
    std::uint8_t part;
    std::uint16_t magic;
    std::uint32_t call;
};

Header decode_header(std::span<const std::byte, kHeaderSize> bytes) {
    return {.length = decode_u32(bytes.subspan<0, 4>()),
            .type = std::to_integer<std::uint8_t>(bytes[4]),
            .part = std::to_integer<std::uint8_t>(bytes[5]),
            .magic = static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[6]) |
                                                std::to_integer<unsigned>(bytes[7]) << 8),
            .call = decode_u32(bytes.subspan<8, 4>())};
}

// What is wrong with a header; null if nothing.
const char* flaw(const Header& header) {
    if (header.magic != kMagic) return "it does not begin with a frame's magic";
    if (header.length > kMaxPayload) return "its payload is too long";
    switch (static_cast<FrameType>(header.type)) {
        case FrameType::request:
        case FrameType::reply:
        case FrameType::event:
            return header.part == 0 ? nullptr : "its part must be 0";
        case FrameType::data:
            if (header.length == 0) return "data without bytes";
            return header.part < kParts ? nullptr : "there is no such part";
        case FrameType::end:
            if (header.length != 0) return "an end has no payload";
            return header.part < kParts ? nullptr : "there is no such part";
        case FrameType::credit:
            if (header.length != 4) return "a credit has 4 bytes";
            return header.part <= static_cast<std::uint8_t>(Credit::event) ? nullptr
                                                                           : "there is no such credit";
        case FrameType::abandon:
            return header.length == 0 && header.part == 0 ? nullptr : "an abandonment has no payload";
    }
    return "its type is unknown";
}

}  // namespace

std::array<std::byte, 4> encode_u32(std::uint32_t value) {
    return {std::byte(value), std::byte(value >> 8), std::byte(value >> 16), std::byte(value >> 24)};
}

std::uint32_t decode_u32(std::span<const std::byte, 4> bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
    return value;
}

std::array<std::byte, kHeaderSize> encode_header(FrameType type, std::uint8_t part, std::uint32_t call,
                                                 std::size_t length) {
    assert(length <= kMaxPayload);
    auto l = encode_u32(static_cast<std::uint32_t>(length));
    auto c = encode_u32(call);
    return {l[0],
            l[1],
            l[2],
            l[3],
            static_cast<std::byte>(type),
            std::byte{part},
            std::byte(kMagic & 0xff),
            std::byte(kMagic >> 8),
            c[0],
            c[1],
            c[2],
            c[3]};
}

std::vector<std::byte> encode(const Frame& frame) {
    auto header = encode_header(frame.type, frame.part, frame.call, frame.payload.size());
    std::vector<std::byte> bytes(kHeaderSize + frame.payload.size());
    std::ranges::copy(frame.payload, std::ranges::copy(header, bytes.begin()).out);
    return bytes;
}

void Decoder::feed(std::span<const std::byte> bytes) {
    if (broken_) return;
    if (start_ == buffer_.size()) {
        buffer_.clear();
        start_ = 0;
    } else if (start_ >= buffer_.size() / 2) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
        start_ = 0;
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Frame>> Decoder::next() {
    if (broken_) return fail(ErrorKind::protocol, "an earlier frame was bad");
    auto rest = std::span(buffer_).subspan(start_);
    if (rest.size() < kHeaderSize) return std::nullopt;
    auto header = decode_header(rest.first<kHeaderSize>());
    if (auto what = flaw(header)) {
        broken_ = true;
        buffer_ = {};
        start_ = 0;
        return fail(ErrorKind::protocol, std::string("bad frame: ") + what);
    }
    if (rest.size() - kHeaderSize < header.length) return std::nullopt;
    auto payload = rest.subspan(kHeaderSize, header.length);
    start_ += kHeaderSize + header.length;
    return Frame{.type = static_cast<FrameType>(header.type),
                 .part = header.part,
                 .call = header.call,
                 .payload = {payload.begin(), payload.end()}};
}

}  // namespace nap::channel
