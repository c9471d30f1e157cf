// SPDX-License-Identifier: GPL-2.0-only
// nap check: what stands in the way of an update.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "update/agent/agent_answers.hpp"
#include "update/agent/check_call.hpp"

namespace nap::cli {

namespace {

using namespace std::chrono_literals;

struct CheckOptions {
    std::string name, kernel;
};

constexpr auto kLimit = update::agent::kLongestCheck + 2min;

void show(Progress& progress, const Json& event) {
    constexpr std::uint64_t kMost = 1 << 30;
    const auto checked = channel::number_in(event, "checked", kMost),
               of = channel::number_in(event, "of", kMost);
    if (checked && of && *of > 0 && ::isatty(STDERR_FILENO))  // else the obstacles alone
        progress.show("check", static_cast<double>(*checked) / static_cast<double>(*of),
                      fmt::format("{} of {} processes", *checked, *of));
}

Result<int> check(const Context& context, const CheckOptions& options) {
    NAP_TRY(auto link, connect_supervisor(context, options.name));
    Json params = Json::object();
    if (!options.kernel.empty()) params["kernel"] = options.kernel;
    NAP_TRY(auto call, link->start("check", params));
    Json answer;
    {
        Progress progress;
        NAP_TRY(answer, call->finish(kLimit, [&progress](const Json& event) { show(progress, event); }));
    }
    NAP_TRY(auto obstacles, update::agent::obstacles_from(answer));  // passed on as the agent gave them
    const bool possible = std::ranges::all_of(obstacles, &update::Obstacle::notice);
    if (context.json) {
        print_json(answer);
    } else {
        for (const auto& obstacle : obstacles)
            fmt::print("{}{}\n", obstacle.notice ? "notice: " : "", one_line(sentence(obstacle)));
        if (const auto own = text_at(answer, "own_kernel"); !own.empty())
            fmt::print("{}: {}\n", options.name,
                       answer.value("own_kernel_runs", false)
                           ? "it runs the newest kernel of its /boot already (" + own + "), or a newer one"
                           : "the newest kernel of its /boot, " + own + ", can be had");
        if (possible) fmt::print("{}: nothing stands in the way of an update\n", options.name);
    }
    if (const auto accelerator = text_at(answer, "accelerator"); !context.json && !accelerator.empty())
        fmt::print("{}\n",
                   accelerator_line(options.name, accelerator, text_at(answer, "accelerator_reason")));
    return possible ? 0 : 1;
}

}  // namespace

void add_check(Commands& commands) {
    auto& command = commands.add(
        "check", "Say whether a machine could be updated now, and what stands in the way", "nap check web1");
    auto options = std::make_shared<CheckOptions>();
    command.add_option("NAME", options->name, "The machine")->required();
    command
        .add_option("--kernel", options->kernel,
                    "The newer kernel (default: the newest in the machine's /boot)")
        ->check(not_empty());
    commands.act(command, options, check);
}

}  // namespace nap::cli
