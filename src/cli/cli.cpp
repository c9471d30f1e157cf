// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/command.hpp"
#include "cli/print.hpp"

namespace nap::cli {

namespace {

constexpr std::array kCommands = {add_kernel, add_create, add_import,  add_start, add_stop,
                                  add_remove, add_status, add_list,    add_exec,  add_copy,
                                  add_check,  add_update, add_history, add_logs,  add_supervise};

constexpr int kFailed = 1, kNotUnderstood = 2;

int complain(const std::string& sentence, int status) {
    print_problem(sentence);
    return status;
}

int complain(const Error& error) {
    const bool no_rights = error.kind == ErrorKind::permission && ::geteuid() != 0;
    return complain(error.message + (no_rights ? "; nap must run as root" : ""),
                    error.kind == ErrorKind::usage ? kNotUnderstood : kFailed);
}

// Everything after the first "--" is the program's business, not ours.
std::vector<std::string> split_program(std::vector<std::string>& arguments) {
    auto dashes = std::ranges::find(arguments, "--");
    std::vector<std::string> program;
    if (dashes != arguments.end()) {
        program.assign(dashes + 1, arguments.end());
        arguments.erase(dashes, arguments.end());
    }
    return program;
}

const CLI::App& innermost(const CLI::App& app) {
    auto chosen = app.get_subcommands();
    return chosen.empty() ? app : innermost(*chosen.front());
}

std::string full_name(const CLI::App& app) {
    return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

}  // namespace

int run(std::vector<std::string> arguments) {
    CLI::App app("Updates the kernel of a running machine without restarting what runs on it.", "nap");
    Context context;
    app.add_option("--root", context.root,
                   "Folder of all state (default: NAP_ROOT, else /var/lib/nap and /run/nap)")
        ->check(not_empty());
    app.add_flag("--json", context.json, "Print facts as JSON");
    app.set_version_flag("--version", "nap " NAP_VERSION);
    app.require_subcommand(1);
    app.footer("`nap COMMAND --help` explains a command and shows an example.");
    Commands commands(app);
    for (auto add : kCommands) add(commands);

    context.program = split_program(arguments);
    std::ranges::reverse(arguments);  // as CLI11 wants them
    try {
        app.parse(arguments);
    } catch (const CLI::Success& success) {
        return app.exit(success);  // help, version
    } catch (const CLI::Error& error) {
        auto name = full_name(innermost(app));
        if (app.get_subcommands().empty() && !app.remaining().empty()) {
            const auto word = app.remaining().front();
            const bool option = word.starts_with('-');
            return complain(
                (option ? "unknown option '" : "there is no command '") + word + "'; `nap --help` lists them",
                kNotUnderstood);
        }
        // "kernel add: ..." for a command's own arguments
        auto what = name == "nap" ? std::string() : name.substr(sizeof "nap") + ": ";
        return complain(what + error.what() + "; `" + name + " --help` tells more", kNotUnderstood);
    }

    auto paths = Paths::from(context.root);
    if (!paths) return complain(paths.error());
    context.paths = *paths;
    if (!context.program.empty() && innermost(app).get_name() != "exec")
        return complain("only exec takes a program after --", kNotUnderstood);
    try {
        auto status = commands.action()(context);
        if (status) return std::fflush(stdout) == 0 ? *status : complain("cannot write the output", kFailed);
        return complain(status.error());
    } catch (const std::exception& error) {
        return complain(std::string("a bug in nap: ") + error.what(), kFailed);
    }
}

}  // namespace nap::cli
