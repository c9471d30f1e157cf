// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/part_file.hpp"

#include "base/fd.hpp"

namespace nap::agent {

using channel::Json;

Result<> write_part_file(const std::filesystem::path& file, const Json& part) {
    std::string bytes;
    Json::to_cbor(part, bytes);
    return replace_file(file, bytes);
}

Result<Json> read_part_file(const std::filesystem::path& file) {
    NAP_TRY(const std::string bytes, read_file(file));
    Json part = Json::from_cbor(bytes, true, false, Json::cbor_tag_handler_t::error);
    if (part.is_discarded()) return fail(ErrorKind::protocol, file.string() + " is not CBOR");
    return part;
}

Json to_binary(std::string_view bytes) {
    return Json::binary({bytes.begin(), bytes.end()});
}

Result<std::string> from_binary(const Json& binary) {
    if (!binary.is_binary()) return fail(ErrorKind::protocol, "what should be bytes is none");
    const auto& bytes = binary.get_binary();
    return std::string(bytes.begin(), bytes.end());
}

}  // namespace nap::agent
