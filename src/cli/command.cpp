// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.hpp"

namespace nap::cli {

CLI::App& Commands::add(const std::string& name, const std::string& description, const std::string& example) {
    return add(app_, name, description, example);
}

CLI::App& Commands::add(CLI::App& group, const std::string& name, const std::string& description,
                        const std::string& example) {
    auto& command = *group.add_subcommand(name, description);
    command.fallthrough();  // --root and --json are understood here as well
    if (!example.empty()) command.footer("Example:\n  " + example);
    return command;
}

CLI::Validator not_empty() {
    return {[](const std::string& value) { return value.empty() ? "must not be empty" : std::string(); }, ""};
}

std::shared_ptr<MachineName> take_machine_name(CLI::App& command) {
    auto options = std::make_shared<MachineName>();
    command.add_option("NAME", options->name, "The machine")->required();
    return options;
}

}  // namespace nap::cli
