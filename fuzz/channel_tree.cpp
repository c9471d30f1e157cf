// SPDX-License-Identifier: GPL-2.0-only
// Fuzzes the receiver of trees: whatever comes, nothing beside the root changes, the limits hold, and nothing
// unfinished is left.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "channel/tree.hpp"
#include "fuzz/arena.hpp"

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr nap::channel::TreeLimits kLimits{.entries = 16, .bytes = 1 << 16};
    fs::create_directory(arena() / "root");
    {
        nap::channel::TreeReceiver receiver(arena() / "root" / "tree", kLimits);
        auto bytes = std::as_bytes(std::span(data, size));
        auto half = bytes.size() / 2;
        if (receiver.feed(bytes.first(half))) (void)receiver.feed(bytes.subspan(half));
        if (receiver.bytes() > kLimits.bytes) std::abort();
    }
    if (std::distance(fs::directory_iterator(arena()), {}) != 1) std::abort();
    for (const auto& left : fs::directory_iterator(arena() / "root"))
        if (left.path().filename() != "tree") std::abort();
    fs::remove_all(arena() / "root");
    return 0;
}
