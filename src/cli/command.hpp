// SPDX-License-Identifier: GPL-2.0-only
// Commands: each declares its arguments and says what to do with them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "supervisor/paths.hpp"

namespace nap::cli {

using Json = nlohmann::json;
using supervisor::Paths;

// What every command may ask about.
struct Context {
    Paths paths;
    std::optional<std::string> root;  // as given, for programs we start
    bool json = false;
    std::vector<std::string> program;  // what came after "--"
};

using Action = std::function<Result<int>(const Context&)>;  // gives the exit status

// Collects what the chosen command is to do.
class Commands {
  public:
    explicit Commands(CLI::App& app) : app_(app) {}

    // A command with its one-line description and an example for its help.
    CLI::App& add(const std::string& name, const std::string& description, const std::string& example);
    CLI::App& add(CLI::App& group, const std::string& name, const std::string& description,
                  const std::string& example);
    // `options` is what the command's arguments were bound to.
    template <class Options>
    void act(CLI::App& command, const std::shared_ptr<Options>& options,
             Result<int> (*what)(const Context&, const Options&)) {
        command.callback([this, options, what] {
            action_ = [options, what](const Context& context) { return what(context, *options); };
        });
    }
    [[nodiscard]] const Action& action() const { return action_; }

  private:
    CLI::App& app_;
    Action action_;
};

// For options whose value must be something: `--kernel ''` is a slip of a script, not a way to leave it out.
CLI::Validator not_empty();

// For commands that only need the machine's name.
struct MachineName {
    std::string name;
};
std::shared_ptr<MachineName> take_machine_name(CLI::App& command);

void add_kernel(Commands& commands);
void add_create(Commands& commands);
void add_import(Commands& commands);
void add_start(Commands& commands);
void add_supervise(Commands& commands);
void add_stop(Commands& commands);
void add_remove(Commands& commands);
void add_status(Commands& commands);
void add_list(Commands& commands);
void add_logs(Commands& commands);
void add_exec(Commands& commands);
void add_copy(Commands& commands);
void add_check(Commands& commands);
void add_update(Commands& commands);
void add_history(Commands& commands);

}  // namespace nap::cli
