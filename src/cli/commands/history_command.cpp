// SPDX-License-Identifier: GPL-2.0-only
// nap history: the updates of a machine, from its history.jsonl.
#include <spdlog/fmt/fmt.h>

#include <sstream>

#include "base/fd.hpp"
#include "cli/command.hpp"
#include "cli/history.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "cli/report_line.hpp"

namespace nap::cli {

namespace {

// A torn last line (the host lost power) is no report.
Json parse_history(const std::string& text) {
    Json reports = Json::array();
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (auto report = Json::parse(line, nullptr, false); report.is_object())
            reports.push_back(std::move(report));
    return reports;
}

Result<int> history(const Context& context, const MachineName& machine) {
    NAP_CHECK(load_machine(context.paths, machine.name));
    NAP_TRY(Json reports, read_history(context.paths.machine(machine.name).history()));
    if (context.json) {
        print_json(reports);
        return 0;
    }
    for (const auto& report : reports) {
        fmt::print("{} {}\n", time_text(static_cast<std::int64_t>(number_at(report, "started"))),
                   report_line(machine.name, report));
        if (auto phases = phases_line(report); !phases.empty()) fmt::print("    {}\n", phases);
    }
    return 0;
}

}  // namespace

Result<Json> read_history(const std::filesystem::path& path) {
    auto text = read_file(path);
    if (!text && text.error().kind != ErrorKind::not_found) return std::unexpected(text.error());
    return parse_history(text.value_or(""));
}

void add_history(Commands& commands) {
    auto& command =
        commands.add("history", "List the updates of a machine and what they cost", "nap history web1");
    commands.act(command, take_machine_name(command), history);
}

}  // namespace nap::cli
