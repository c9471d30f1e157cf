// SPDX-License-Identifier: GPL-2.0-only
// JSON as it crosses a connection: bounded in depth, no exceptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"

namespace nap::channel {

using Json = nlohmann::json;

inline constexpr int kMaxJsonDepth = 64;

// From a peer: ErrorKind::protocol where it is not JSON or nested too deeply.
Result<Json> parse_json(std::span<const std::byte> bytes);

// Bytes that are not UTF-8 are replaced.
std::string dump_json(const Json& json);

// Members of what a peer sent, whatever that is: absent, out of range or of another type is nothing.
const std::string* text_in(const Json& json, const char* key);
std::optional<std::uint64_t> number_in(const Json& json, const char* key, std::uint64_t most);

// A peer's text as a person may see it: without what would command a terminal, at most 16 KiB.
std::string printable(std::string_view text);

// {"result": ...} or {"error": {"kind": ..., "message": ...}}.
Json reply_to_json(const Result<Json>& result);
// ErrorKind::protocol where it has neither form; the error of a failed call comes back as it was, its message
// printable.
Result<Json> reply_from_json(const Json& json);

}  // namespace nap::channel
