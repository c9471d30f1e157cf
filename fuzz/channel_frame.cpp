// SPDX-License-Identifier: GPL-2.0-only
// Fuzzes the decoder: however the bytes are split, the frames are the same, and each encodes to what it came
// from.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "channel/frame.hpp"
#include "channel/json.hpp"

namespace {

using namespace nap::channel;

// The frames, encoded again; `step` bytes at a time.
std::vector<std::byte> decode(std::span<const std::byte> bytes, std::size_t step) {
    Decoder decoder;
    std::vector<std::byte> again;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        decoder.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
        for (;;) {
            auto frame = decoder.next();
            if (!frame) return again;
            if (!*frame) break;
            (void)parse_json((*frame)->payload);
            auto encoded = encode(**frame);
            again.insert(again.end(), encoded.begin(), encoded.end());
        }
    }
    return again;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto bytes = std::as_bytes(std::span(data, size));
    auto whole = decode(bytes, std::max<std::size_t>(size, 1));
    if (whole.size() > size || !std::equal(whole.begin(), whole.end(), bytes.begin())) std::abort();
    if (decode(bytes, 7) != whole) std::abort();
    return 0;
}
