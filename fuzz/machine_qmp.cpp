// SPDX-License-Identifier: GPL-2.0-only
// Fuzzes what QEMU says on its control connection: lines, and what they mean.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "machine/qemu/qmp_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    nap::machine::QmpLines lines(4096);
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    // In pieces, so that lines are cut in two
    for (std::size_t piece = 1; !bytes.empty(); piece = piece * 2 + 1) {
        if (!lines.add(bytes.substr(0, piece))) return 0;
        bytes.remove_prefix(std::min(piece, bytes.size()));
        while (auto line = lines.next()) (void)nap::machine::parse_qmp_line(*line);
    }
    return 0;
}
