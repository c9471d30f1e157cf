// SPDX-License-Identifier: GPL-2.0-only
#include "channel/json.hpp"

namespace nap::channel {

namespace {

// Brackets outside strings, counted before the parser allocates anything for them.
bool too_deep(std::span<const std::byte> bytes) {
    int depth = 0;
    bool in_string = false, escaped = false;
    for (auto byte : bytes) {
        auto character = static_cast<char>(byte);
        if (in_string) {
            if (escaped)
                escaped = false;
            else if (character == '\\')
                escaped = true;
            else if (character == '"')
                in_string = false;
        } else if (character == '"') {
            in_string = true;
        } else if (character == '[' || character == '{') {
            if (++depth > kMaxJsonDepth) return true;
        } else if (character == ']' || character == '}') {
            --depth;
        }
    }
    return false;
}

}  // namespace

Result<Json> parse_json(std::span<const std::byte> bytes) {
    if (too_deep(bytes)) return fail(ErrorKind::protocol, "JSON is nested too deeply");
    auto text = reinterpret_cast<const char*>(bytes.data());
    auto json = Json::parse(text, text + bytes.size(), nullptr, false);
    if (json.is_discarded()) return fail(ErrorKind::protocol, "it is not JSON");
    return json;
}

std::string dump_json(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const std::string* text_in(const Json& json, const char* key) {
    auto found = json.find(key);
    return found != json.end() && found->is_string() ? &found->get_ref<const std::string&>() : nullptr;
}

std::optional<std::uint64_t> number_in(const Json& json, const char* key, std::uint64_t most) {
    auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > most)
        return std::nullopt;
    return found->get<std::uint64_t>();
}

std::string printable(std::string_view text) {
    constexpr std::size_t kMost = 16 << 10;
    std::string out(text.substr(0, kMost));
    for (std::size_t at = 0; at < out.size(); ++at) {
        auto byte = static_cast<unsigned char>(out[at]);
        // U+0080 to U+009f are control characters, too
        bool second = at > 0 && out[at - 1] == '\xc2' && byte >= 0x80 && byte <= 0x9f;
        if (second) out[at - 1] = '?';
        if (second || (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) out[at] = '?';
    }
    return out;
}

Json reply_to_json(const Result<Json>& result) {
    if (result) return {{"result", *result}};
    return {{"error", {{"kind", to_string(result.error().kind)}, {"message", result.error().message}}}};
}

Result<Json> reply_from_json(const Json& json) {
    if (json.is_object()) {
        if (auto result = json.find("result"); result != json.end()) return *result;
        if (auto error = json.find("error"); error != json.end() && error->is_object()) {
            auto kind = text_in(*error, "kind");
            auto message = text_in(*error, "message");
            if (kind && message) return fail(error_kind_from(*kind), printable(*message));
        }
    }
    return fail(ErrorKind::protocol, "the peer's reply is neither a result nor an error");
}

}  // namespace nap::channel
