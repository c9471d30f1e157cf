// SPDX-License-Identifier: GPL-2.0-only
// nap update: asks the supervisor for an update, shows its progress, says what it cost.
#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <cstdlib>

#include "cli/command.hpp"
#include "cli/history.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "cli/report_line.hpp"

namespace nap::cli {

namespace {

struct UpdateOptions {
    std::string name, kernel;
};

// What tests ask of an update (docs/testing.md); a supervisor not started for tests ignores the faults.
Json asked_by_tests() {
    Json testing = Json::object();
    if (const char* fault = std::getenv("NAP_TEST_FAULT")) testing["fault"] = fault;
    if (std::getenv("NAP_TEST_HASH_USER_MEMORY")) testing["hash_user_memory"] = true;
    if (const char* limit = std::getenv("NAP_TEST_TIME_LIMIT_MS"))
        testing["time_limit_ms"] = std::strtoul(limit, nullptr, 10);
    if (std::getenv("NAP_TEST_MEASURE_COPYING")) testing["measure_copying"] = true;
    return testing;
}

Result<Json> update_with_progress(channel::Link& link, const UpdateOptions& options) {
    Progress progress;
    NAP_TRY(auto call, link.start("update", {{"kernel", options.kernel}, {"testing", asked_by_tests()}}));
    return call->finish(std::chrono::hours(24), [&](const Json& event) {
        auto fraction = event.is_object() ? event.find("fraction") : event.end();
        progress.show(text_at(event, "phase"),
                      fraction != event.end() && fraction->is_number() ? fraction->get<double>() : 0,
                      text_at(event, "text"));
    });
}

// The supervisor died under way: its successor says how the update ended.
Result<Json> ask_successor(const Context& context, const UpdateOptions& options, const Error& error) {
    auto before = read_history(context.paths.machine(options.name).history());
    auto link = connect_supervisor(context, options.name);
    if (!link) return std::unexpected(link.error().within(error.message));
    auto after = read_history(context.paths.machine(options.name).history());
    if (!before || !after || after->size() == before->size())
        return fail(error.kind, error.message + "; no update was under way");
    if (text_at(after->back(), "outcome") == "updated") return after->back();
    return fail(ErrorKind::refused, text_at(after->back(), "error") + "; " + options.name +
                                        " still runs on kernel " + text_at(after->back(), "older_kernel"));
}

Result<int> update(const Context& context, const UpdateOptions& options) {
    NAP_TRY(auto link, connect_supervisor(context, options.name));
    auto report = update_with_progress(*link, options);
    if (!report && !link->up()) report = ask_successor(context, options, report.error());
    if (!report) return std::unexpected(report.error().within("update of " + options.name));
    if (auto warnings = report->find("warnings"); warnings != report->end() && warnings->is_array())
        for (const auto& warning : *warnings)
            if (warning.is_string())
                std::fputs(
                    ("nap: warning: " + one_line(warning.get_ref<const std::string&>()) + "\n").c_str(),
                    stderr);
    if (context.json)
        print_json(*report);
    else
        fmt::print("{}\n", report_line(options.name, *report));
    return 0;
}

}  // namespace

void add_update(Commands& commands) {
    auto& command = commands.add("update", "Update a machine's kernel while what runs on it goes on",
                                 "nap update web1 --kernel 6.1.0-56-cloud-amd64");
    auto options = std::make_shared<UpdateOptions>();
    command.add_option("NAME", options->name, "The machine")->required();
    command.add_option("--kernel", options->kernel, "The newer kernel (`nap kernel list`)")->required();
    commands.act(command, options, update);
}

}  // namespace nap::cli
