// SPDX-License-Identifier: GPL-2.0-only
// nap check: what stands in the way of an update.
#include <spdlog/fmt/fmt.h>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "update/agent/agent_answers.hpp"

namespace nap::cli {

namespace {

using namespace std::chrono_literals;

struct CheckOptions {
    std::string name, kernel;
};

Result<int> check(const Context& context, const CheckOptions& options) {
    NAP_TRY(auto link, connect_supervisor(context, options.name));
    Json params = Json::object();
    if (!options.kernel.empty()) params["kernel"] = options.kernel;
    NAP_TRY(Json answer, link->call("check", params, 2min));
    NAP_TRY(auto obstacles, update::agent::obstacles_from(answer));  // passed on as the agent gave them
    if (context.json) {
        print_json(answer);
    } else if (obstacles.empty()) {
        fmt::print("{}: nothing stands in the way of an update\n", options.name);
    } else {
        for (const auto& obstacle : obstacles) fmt::print("{}\n", one_line(sentence(obstacle)));
    }
    return obstacles.empty() ? 0 : 1;
}

}  // namespace

void add_check(Commands& commands) {
    auto& command =
        commands.add("check", "Say whether a machine could be updated now, and what stands in the way",
                     "nap check web1 --kernel 6.1.0-56-cloud-amd64");
    auto options = std::make_shared<CheckOptions>();
    command.add_option("NAME", options->name, "The machine")->required();
    command.add_option("--kernel", options->kernel, "The newer kernel")->check(not_empty());
    commands.act(command, options, check);
}

}  // namespace nap::cli
