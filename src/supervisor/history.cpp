// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/history.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include "base/fd.hpp"

namespace nap::supervisor {

namespace {

Result<> append_history(const std::filesystem::path& path, const nlohmann::json& report) {
    NAP_TRY(UniqueFd fd, open_file(path, O_WRONLY | O_APPEND | O_CREAT));
    return write_all(fd.get(), report.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

nlohmann::json keep_in_history(const std::filesystem::path& path, const update::Report& report,
                               std::int64_t started) {
    auto kept = update::to_json(report);
    kept["started"] = started;
    if (auto done = append_history(path, kept); !done)
        spdlog::error("cannot write the history: {}", done.error().message);
    return kept;
}

}  // namespace nap::supervisor
