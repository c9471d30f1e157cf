// SPDX-License-Identifier: GPL-2.0-only
// The lines QMP consists of, told apart. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"

namespace nap::machine {

struct QmpGreeting {};
struct QmpEvent {
    std::string name;
    nlohmann::json data;
    std::int64_t time_ms = 0;  // since 1970, as QEMU says
};
// The answer to the command of that number.
struct QmpAnswer {
    std::uint64_t id;
    Result<nlohmann::json> result;  // an error's message is QEMU's description alone
};
using QmpMessage = std::variant<QmpGreeting, QmpEvent, QmpAnswer>;

Result<QmpMessage> parse_qmp_line(std::string_view line);

// Cuts what arrives into lines; a line over `limit` bytes is a protocol error.
class QmpLines {
  public:
    explicit QmpLines(std::size_t limit) : limit_(limit) {}
    Result<> add(std::string_view bytes);
    std::optional<std::string> next();  // without its line end

  private:
    std::size_t limit_;
    std::string pending_;
    std::size_t searched_ = 0;  // bytes of pending_ known to hold no line end
};

}  // namespace nap::machine
