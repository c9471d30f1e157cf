// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/last_end.hpp"

#include <spdlog/spdlog.h>

#include <ctime>

#include "base/fd.hpp"
#include "channel/json.hpp"

namespace nap::supervisor {

namespace {

using nlohmann::json;
constexpr std::size_t kMostBytes = 1 << 20;

void keep(const machine::MachinePaths& paths, json end) {
    end["time"] = std::time(nullptr);
    const auto kept =
        replace_file(paths.last_end(), end.dump(2, ' ', true, json::error_handler_t::replace) + "\n");
    if (!kept) spdlog::error("cannot write down how the machine ended: {}", kept.error().message);
}

}  // namespace

void keep_end(const machine::MachinePaths& paths, const machine::End& end) {
    const auto text = machine::sentence(end) + "; " + machine::advice(end.machine);
    spdlog::error("the machine has ended: {}", text);
    for (const auto& line : machine::details(end)) spdlog::error("{}", line);
    auto kept = machine::to_json(end);
    kept["text"] = text;
    keep(paths, std::move(kept));
}

void keep_end_of_init(const machine::MachinePaths& paths) {
    const std::string how = "its init ended, by a poweroff from inside or a crash";
    spdlog::warn("the machine's init ended: the machine is stopped");
    keep(paths, {{"kind", "init"}, {"how", how}, {"text", how}});
}

void forget_end(const machine::MachinePaths& paths) {
    if (auto done = remove_file(paths.last_end()); !done) spdlog::error("{}", done.error().message);
}

std::optional<json> kept_end(const machine::MachinePaths& paths) {
    const auto text = read_file(paths.last_end(), kMostBytes);
    if (!text) return std::nullopt;
    auto end = json::parse(*text, nullptr, false);
    if (!channel::text_in(end, "how") || !channel::text_in(end, "text")) return std::nullopt;
    return end;
}

}  // namespace nap::supervisor
