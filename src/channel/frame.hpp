// SPDX-License-Identifier: GPL-2.0-only
// Frames: what travels between cli and supervisor (unix socket) and between supervisor and agent
// (virtio-serial).
//
// A frame is a header of 12 bytes, little-endian, and a payload:
//   u32 length   bytes of payload, at most kMaxPayload
//   u8  type     FrameType
//   u8  part     data, end: which stream of the call (0 in or only, 1 out, 2 err); credit: Credit; else 0
//   u16 magic    0x704e ("Np")
//   u32 call     the call it belongs to, chosen by the side that starts it
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"

namespace nap::channel {

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kMaxPayload = 1024 * 1024;
inline constexpr std::uint8_t kParts = 4;

enum class FrameType : std::uint8_t {
    request = 1,  // JSON {"method": ..., "params": {...}}; begins a call
    reply = 2,    // JSON {"result": ...} or {"error": {"kind": ..., "message": ...}}; ends a call
    event = 3,    // JSON, within a call, either direction
    data = 4,     // raw bytes, within a call, either direction
    end = 5,      // no more data of this part from this side
    credit = 6,   // u32: the peer may send so many more bytes on this call
    abandon = 7,  // the starting side does not wait for the reply any more; ends a call
};

// What a credit frame is for. A frame of data or an event costs its header and its payload.
enum class Credit : std::uint8_t { data = 0, event = 1 };

struct Frame {
    FrameType type;
    std::uint8_t part = 0;
    std::uint32_t call = 0;
    std::vector<std::byte> payload = {};
};

std::array<std::byte, kHeaderSize> encode_header(FrameType type, std::uint8_t part, std::uint32_t call,
                                                 std::size_t length);

// Header and payload as bytes. Payloads over kMaxPayload are a bug of the caller.
std::vector<std::byte> encode(const Frame& frame);

std::array<std::byte, 4> encode_u32(std::uint32_t value);  // little-endian
std::uint32_t decode_u32(std::span<const std::byte, 4> bytes);

// Takes bytes as they come; gives whole frames. Untrusted input: a bad header is an error for good.
class Decoder {
  public:
    void feed(std::span<const std::byte> bytes);
    Result<std::optional<Frame>> next();

  private:
    std::vector<std::byte> buffer_;
    std::size_t start_ = 0;
    bool broken_ = false;
};

}  // namespace nap::channel
