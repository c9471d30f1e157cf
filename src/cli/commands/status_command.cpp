// SPDX-License-Identifier: GPL-2.0-only
// nap status and nap list.
#include <spdlog/fmt/fmt.h>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"

namespace nap::cli {

namespace {

struct Nothing {};

void print_line(std::string_view key, const std::string& value) {
    if (!value.empty()) fmt::print("{:<14} {}\n", key, value);
}

Result<int> status(const Context& context, const MachineName& machine) {
    NAP_TRY(Json facts, status_of(context, machine.name));
    if (context.json) {
        print_json(facts);
        return 0;
    }
    print_line("name", text_at(facts, "name"));
    print_line("state", text_at(facts, "state"));
    if (auto update = facts.find("update"); update != facts.end())
        print_line("update", fmt::format("{}, {} %: {}", text_at(*update, "phase"),
                                         static_cast<int>(100 * update->value("fraction", 0.0)),
                                         text_at(*update, "text")));
    if (auto end = facts.find("ended"); end != facts.end())
        print_line("ended", time_text(static_cast<std::int64_t>(number_at(*end, "time"))) + ", " +
                                text_at(*end, "text"));
    const auto source = text_at(facts, "kernel_source");
    print_line("kernel", text_at(facts, "kernel") + (source.empty() ? "" : ", " + one_line(source)));
    if (facts.contains("generation"))
        print_line("generation", std::to_string(number_at(facts, "generation")));
    print_line("cpus", std::to_string(number_at(facts, "cpus")) + ", " + text_at(facts, "cpu"));
    print_line("memory", fmt::format("{}, and {} for the kernel", size_text(number_at(facts, "memory")),
                                     size_text(number_at(facts, "kernel_memory"))));
    if (facts.contains("memory_in_use"))
        print_line("in use", fmt::format("{} on the host, {} of it on 2 MiB pages",
                                         size_text(number_at(facts, "memory_in_use")),
                                         size_text(number_at(facts, "memory_on_huge_pages"))));
    print_line("disk", text_at(facts, "disk"));
    print_line("address", text_at(facts, "address"));
    if (auto accelerator = text_at(facts, "accelerator"); !accelerator.empty())
        print_line("accelerator", accelerator + ": " + text_at(facts, "accelerator_reason"));
    return 0;
}

Result<int> list(const Context& context, const Nothing&) {
    Json all = Json::array();
    bool known = true;
    NAP_TRY(auto names, machine_names(context.paths));
    for (const auto& name : names) {
        auto facts = status_of(context, name);
        all.push_back(facts ? *facts
                            : Json{{"name", name}, {"state", "unknown"}, {"error", facts.error().message}});
        if (!facts) print_problem(facts.error().message);
        known = known && facts;
    }
    if (context.json) {
        print_json(all);
        return known ? 0 : 1;
    }
    if (!all.empty())
        fmt::print("{:<16} {:<9} {:<28} {:>10} {}\n", "NAME", "STATE", "KERNEL", "MEMORY", "ADDRESS");
    for (const auto& facts : all)
        fmt::print("{:<16} {:<9} {:<28} {:>10} {}\n", text_at(facts, "name"), text_at(facts, "state"),
                   text_at(facts, "kernel"),
                   facts.contains("memory") ? size_text(number_at(facts, "memory")) : "",
                   text_at(facts, "address"));
    return known ? 0 : 1;
}

}  // namespace

void add_status(Commands& commands) {
    auto& command = commands.add("status", "Show what a machine is and does", "nap status web1 --json");
    commands.act(command, take_machine_name(command), status);
}

void add_list(Commands& commands) {
    auto& command = commands.add("list", "List the machines", "nap list");
    commands.act(command, std::make_shared<Nothing>(), list);
}

}  // namespace nap::cli
