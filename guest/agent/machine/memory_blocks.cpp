// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/memory_blocks.hpp"

#include <charconv>
#include <filesystem>
#include <string>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

const std::filesystem::path kMemory = "/sys/devices/system/memory";

}  // namespace

Result<> online_blocks(FrameRange user) {
    NAP_TRY(const std::string size_text, read_file(kMemory / "block_size_bytes"));
    std::uint64_t block_bytes = 0;  // hexadecimal
    std::from_chars(size_text.data(), size_text.data() + size_text.size(), block_bytes, 16);
    const std::uint64_t block = block_bytes / kPageSize;
    if (block == 0 || user.first.value % block != 0 || user.pages % block != 0)
        return fail(ErrorKind::usage,
                    "U does not consist of whole memory blocks of " + std::to_string(block_bytes) + " bytes");
    for (std::uint64_t frame = user.first.value; frame < user.first.value + user.pages; frame += block) {
        const auto state = kMemory / ("memory" + std::to_string(frame / block)) / "state";
        NAP_TRY(const std::string now, read_file(state));
        if (!now.starts_with("offline"))
            return fail(ErrorKind::refused,
                        state.string() + " is not offline; was the kernel booted as a newer one?");
        NAP_CHECK(write_file(state, "online_movable"));
    }
    return {};
}

}  // namespace nap::agent
