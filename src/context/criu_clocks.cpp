// SPDX-License-Identifier: GPL-2.0-only
#include "context/criu_clocks.hpp"

#include <optional>
#include <string>

#include "context/protobuf.hpp"

namespace nap::context {

namespace {

constexpr std::uint32_t kImageMagic = 0x5456'4319, kTimensMagic = 0x4311'4433;
constexpr std::uint64_t kSecond = 1'000'000'000, kMostSeconds = 1ULL << 32;
constexpr std::uint64_t kMonotonic = 1, kSeconds = 1, kNanoseconds = 2;  // of timens_entry and timespec

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading CRIU's clocks failed: " + why + ".");
}

std::optional<std::int64_t> read_time(std::span<const std::byte> message) {
    std::uint64_t seconds = kMostSeconds, ns = kSecond;
    const bool whole = read_fields(
        message,
        [&](std::uint64_t field, std::uint64_t value) {
            if (field == kSeconds) seconds = value;
            if (field == kNanoseconds) ns = value;
        },
        [](std::uint64_t, std::span<const std::byte>) {});
    if (!whole || seconds >= kMostSeconds || ns >= kSecond) return std::nullopt;
    return static_cast<std::int64_t>(seconds * kSecond + ns);
}

}  // namespace

Result<std::int64_t> read_criu_monotonic(std::span<const std::byte> image) {
    Bytes bytes(image);
    if (bytes.word() != kImageMagic || bytes.word() != kTimensMagic)
        return malformed("the image does not start with the magic numbers of a time namespace");
    const auto message = bytes.message();
    std::optional<std::int64_t> monotonic;
    const bool whole = message && read_fields(
                                      *message, [](std::uint64_t, std::uint64_t) {},
                                      [&](std::uint64_t field, std::span<const std::byte> content) {
                                          if (field == kMonotonic) monotonic = read_time(content);
                                      });
    if (!whole || !monotonic) return malformed("the image does not tell CLOCK_MONOTONIC");
    return *monotonic;
}

}  // namespace nap::context
