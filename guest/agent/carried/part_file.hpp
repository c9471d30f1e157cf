// SPDX-License-Identifier: GPL-2.0-only
// The file of a part, as CBOR: bytes stay what they are, and reading takes a fraction of JSON's time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "channel/json.hpp"

namespace nap::agent {

Result<> write_part_file(const std::filesystem::path& file,
                         const channel::Json& part);  // replaced as a whole
Result<channel::Json> read_part_file(const std::filesystem::path& file);

// What is no text, within a part.
channel::Json to_binary(std::string_view bytes);
Result<std::string> from_binary(const channel::Json& binary);

}  // namespace nap::agent
