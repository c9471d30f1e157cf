// SPDX-License-Identifier: GPL-2.0-only
// Trees as a hostile peer may write them: any entries, rightly ended.
#pragma once

#include <zlib.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "channel/frame.hpp"

namespace nap::test {

inline std::string tree_number(std::uint32_t value) {
    const auto bytes = channel::encode_u32(value);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string tree_entry(const nlohmann::json& header, std::string_view content = {}) {
    const auto text = header.dump();
    return tree_number(static_cast<std::uint32_t>(text.size())) + text + std::string(content);
}

inline std::string end_tree(std::string entries) {
    entries += tree_number(0);
    const auto checksum = ::crc32_z(0, reinterpret_cast<const Bytef*>(entries.data()), entries.size());
    return entries + tree_number(static_cast<std::uint32_t>(checksum));
}

}  // namespace nap::test
