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

Json reply_to_json(const Result<Json>& result) {
    if (result) return {{"result", *result}};
    return {{"error", {{"kind", to_string(result.error().kind)}, {"message", result.error().message}}}};
}

Result<Json> reply_from_json(const Json& json) {
    if (json.is_object()) {
        if (auto result = json.find("result"); result != json.end()) return *result;
        if (auto error = json.find("error"); error != json.end() && error->is_object()) {
            auto kind = error->find("kind");
            auto message = error->find("message");
            if (kind != error->end() && kind->is_string() && message != error->end() && message->is_string())
                return fail(error_kind_from(kind->get_ref<const std::string&>()),
                            message->get_ref<const std::string&>());
        }
    }
    return fail(ErrorKind::protocol, "the peer's reply is neither a result nor an error");
}

}  // namespace nap::channel
