// SPDX-License-Identifier: GPL-2.0-only
// nap update: asks the supervisor for an update, shows its progress, says what it cost.
#include <spdlog/fmt/fmt.h>

#include <cstdlib>

#include "cli/command.hpp"
#include "cli/duration.hpp"
#include "cli/history.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "cli/report_line.hpp"
#include "cli/session/interruption.hpp"

namespace nap::cli {

namespace {

using namespace std::chrono_literals;

struct UpdateOptions {
    std::string name, kernel, max_pause = "10s";
};

// What tests ask of an update (docs/testing.md); a supervisor not started for tests ignores the faults.
Json asked_by_tests() {
    Json testing = Json::object();
    if (const char* fault = std::getenv("NAP_TEST_FAULT")) testing["fault"] = fault;
    if (std::getenv("NAP_TEST_HASH_USER_MEMORY")) testing["hash_user_memory"] = true;
    if (const char* limit = std::getenv("NAP_TEST_TIME_LIMIT_MS"))
        testing["time_limit_ms"] = std::strtoul(limit, nullptr, 10);
    if (const char* kills = std::getenv("NAP_TEST_KILLS"))
        testing["kills"] = std::strtoul(kills, nullptr, 10);
    if (const char* seed = std::getenv("NAP_TEST_SEED")) testing["seed"] = std::strtoul(seed, nullptr, 10);
    if (std::getenv("NAP_TEST_MEASURE_COPYING")) testing["measure_copying"] = true;
    return testing;
}

// How the waiting for an update ended.
struct Waited {
    Result<Json> report;
    int signal = 0;  // it goes on; its end was not waited for
};

void show(Progress& progress, const Json& event) {
    auto fraction = event.is_object() ? event.find("fraction") : event.end();
    progress.show(text_at(event, "phase"),
                  fraction != event.end() && fraction->is_number() ? fraction->get<double>() : 0,
                  text_at(event, "text"));
}

Waited update_with_progress(channel::Link& link, const UpdateOptions& options) {
    const Interruption interruption;
    Progress progress;
    const auto pause = parse_duration("--max-pause", options.max_pause);
    if (!pause) return {std::unexpected(pause.error())};
    auto call = link.start(
        "update",
        {{"kernel", options.kernel}, {"max_pause_ms", pause->count()}, {"testing", asked_by_tests()}});
    if (!call) return {std::unexpected(call.error())};
    for (;;) {
        if (int signal = interruption.signal()) return {fail(ErrorKind::timeout, "interrupted"), signal};
        auto incoming = (*call)->receive(200ms);
        if (!incoming && incoming.error().kind == ErrorKind::timeout) continue;
        if (!incoming) return {std::unexpected(incoming.error())};
        if (auto* reply = std::get_if<channel::Reply>(&*incoming)) return {std::move(reply->result)};
        if (auto* event = std::get_if<channel::Event>(&*incoming)) show(progress, event->content);
    }
}

// Empty where it runs on none, or that cannot be told.
std::string running_kernel(channel::Link& link) {
    auto status = link.call("status", Json::object(), 10s);
    return status && text_at(*status, "state") == "running" ? text_at(*status, "kernel") : "";
}

// Refused or failed, an update that is not to be had leaves the machine on its kernel: each error says so,
// once.
Error with_state(Error error, const std::string& name, const std::string& kernel) {
    const std::string state = " still runs on kernel ";
    if (kernel.empty() || error.message.contains(name + state)) return error;
    while (error.message.ends_with('.')) error.message.pop_back();
    error.message += "; " + name + state + kernel;
    return error;
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
    Error ended{ErrorKind::refused, text_at(after->back(), "error")};
    if (text_at(after->back(), "outcome") != "rolled back") return std::unexpected(ended);
    return std::unexpected(with_state(ended, options.name, text_at(after->back(), "older_kernel")));
}

// No kernel was chosen, and there is none to be had.
std::string unchanged_line(const std::string& name, const Json& report) {
    const auto runs = text_at(report, "older_kernel"), newest = text_at(report, "own_kernel");
    if (runs == newest) return name + " already runs the newest kernel of its /boot, " + runs;
    return name + " runs kernel " + runs + "; the newest of its /boot, " + newest + ", is older: `--kernel " +
           newest + "` takes it";
}

Result<int> update(const Context& context, const UpdateOptions& options) {
    const auto& name = options.name;
    NAP_TRY(auto link, connect_supervisor(context, name));
    const auto older = running_kernel(*link);
    auto [report, signal] = update_with_progress(*link, options);
    if (signal != 0) {
        print_problem("the update of " + name + " goes on; `nap status " + name + "` shows how far it is");
        return 128 + signal;
    }
    if (!report && !link->up()) report = ask_successor(context, options, report.error());
    if (!report) {
        const bool still = running_kernel(*link) == older;
        return std::unexpected(
            with_state(report.error().within("update of " + name), name, still ? older : ""));
    }
    if (auto warnings = report->find("warnings"); warnings != report->end() && warnings->is_array())
        for (const auto& warning : *warnings)
            if (warning.is_string()) print_problem("warning: " + warning.get_ref<const std::string&>());
    if (context.json)
        print_json(*report);
    else if (text_at(*report, "outcome") == "unchanged")
        fmt::print("{}\n", unchanged_line(name, *report));
    else
        fmt::print("{}\n", report_line(name, *report));
    return 0;
}

}  // namespace

void add_update(Commands& commands) {
    auto& command = commands.add("update",
                                 "Update a machine's kernel while what runs on it goes on; Ctrl-C ends the "
                                 "waiting, not the update",
                                 "nap update web1\n  nap update web1 --kernel 6.1.0-56-cloud-amd64");
    auto options = std::make_shared<UpdateOptions>();
    command.add_option("NAME", options->name, "The machine")->required();
    command
        .add_option("--kernel", options->kernel,
                    "The newer kernel (`nap kernel list`; default: the newest in the machine's /boot)")
        ->check(not_empty());
    command.add_option("--max-pause", options->max_pause,
                       "How long what runs may stand still, as 10s (the default) or 500ms, before the update "
                       "is undone");
    commands.act(command, options, update);
}

}  // namespace nap::cli
