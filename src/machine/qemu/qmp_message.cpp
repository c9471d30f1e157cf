// SPDX-License-Identifier: GPL-2.0-only
// Parses QMP's lines.
#include "machine/qemu/qmp_message.hpp"

#include "base/fd.hpp"
#include "channel/json.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;

std::unexpected<Error> not_understood(std::string_view why) {
    return fail(ErrorKind::protocol, "QEMU sent a QMP message that " + std::string(why) + ".");
}

// The kind of Nap's error that QEMU's error class stands for.
ErrorKind kind_of(const std::string& error_class) {
    if (error_class == "CommandNotFound") return ErrorKind::unsupported;
    if (error_class == "DeviceNotFound") return ErrorKind::not_found;
    return ErrorKind::io;
}

std::int64_t time_of(const Json& event) {
    constexpr std::uint64_t kMostSeconds = 1ULL << 40, kMostMicroseconds = 999'999;
    const auto at = event.find("timestamp");
    if (at == event.end()) return 0;
    const auto seconds = channel::number_in(*at, "seconds", kMostSeconds).value_or(0),
               microseconds = channel::number_in(*at, "microseconds", kMostMicroseconds).value_or(0);
    return static_cast<std::int64_t>(seconds * 1000 + microseconds / 1000);
}

Result<QmpMessage> answer(Json& json) {
    auto id = json.find("id");
    if (id == json.end() || !id->is_number_unsigned()) {
        // An error without an id answers something QEMU could not even parse.
        return not_understood("answers no command of ours");
    }
    auto number = id->get<std::uint64_t>();
    if (auto value = json.find("return"); value != json.end())
        return QmpAnswer{number, Result<Json>(std::move(*value))};
    const auto& error = json["error"];
    if (!error.is_object()) return not_understood("has an error that is no object");
    auto text = [&error](const char* field) {
        auto* found = channel::text_in(error, field);
        return found ? channel::printable(*found) : std::string();
    };
    return QmpAnswer{number, Result<Json>(fail(kind_of(text("class")), text("desc")))};
}

}  // namespace

Result<QmpMessage> parse_qmp_line(std::string_view line) {
    auto parsed = channel::parse_json(as_bytes(line));
    if (!parsed) return not_understood("cannot be read: " + parsed.error().message);
    Json& json = *parsed;
    if (!json.is_object()) return not_understood("is not an object");
    if (json.contains("QMP")) return QmpGreeting{};
    if (auto event = json.find("event"); event != json.end()) {
        if (!event->is_string()) return not_understood("is an event without a name");
        auto data = json.find("data");
        return QmpEvent{event->get<std::string>(), data == json.end() ? Json::object() : std::move(*data),
                        time_of(json)};
    }
    if (json.contains("return") || json.contains("error")) return answer(json);
    return not_understood("is neither an answer nor an event");
}

Result<> QmpLines::add(std::string_view bytes) {
    pending_ += bytes;
    // What a whole line holds is bounded by next(); here the unfinished one is.
    auto last = pending_.rfind('\n');
    auto unfinished = pending_.size() - (last == pending_.npos ? 0 : last + 1);
    if (unfinished > limit_)
        return fail(ErrorKind::protocol,
                    "QEMU sent a QMP line of more than " + std::to_string(limit_) + " bytes.");
    return {};
}

std::optional<std::string> QmpLines::next() {
    auto end = pending_.find('\n', searched_);
    if (end == pending_.npos) {
        searched_ = pending_.size();
        return std::nullopt;
    }
    auto line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    searched_ = 0;
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

}  // namespace nap::machine
