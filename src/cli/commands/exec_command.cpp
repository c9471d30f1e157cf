// SPDX-License-Identifier: GPL-2.0-only
// nap exec: runs a program in the machine's userland as if it were a local one.
#include <cstdlib>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/session/exec_session.hpp"
#include "cli/session/terminal.hpp"

namespace nap::cli {

namespace {

struct ExecOptions {
    std::string name;
    bool input = false, terminal = false;
    std::vector<std::string> program;
};

Result<int> exec(const Context& context, const ExecOptions& options) {
    auto program = options.program;
    program.insert(program.end(), context.program.begin(), context.program.end());
    if (program.empty())
        return fail(ErrorKind::usage,
                    "exec needs a program: nap exec " + options.name + " -- PROGRAM [ARGUMENT...]");

    NAP_TRY(UniqueFd signals, catch_signals(options.terminal));
    NAP_TRY(auto link, connect_supervisor(context, options.name));
    Json params = {{"argv", program}, {"tty", options.terminal}, {"env", Json::object()}};
    params.update(terminal_size());
    const char* type = std::getenv("TERM");
    if (options.terminal && type) params["env"]["TERM"] = type;

    std::optional<RawTerminal> raw;
    if (options.terminal && ::isatty(STDIN_FILENO)) {
        NAP_TRY(RawTerminal entered, RawTerminal::enter());
        raw.emplace(std::move(entered));
    }
    NAP_TRY(auto call, link->start("exec", params));
    ExecSession session(*call, std::move(signals), options.input || options.terminal);
    return session.run();
}

}  // namespace

void add_exec(Commands& commands) {
    auto& command = commands.add("exec", "Run a program in a machine; the exit status is the program's",
                                 "nap exec web1 -- systemctl status redis\n  nap exec web1 -t -- bash");
    auto options = std::make_shared<ExecOptions>();
    command.add_option("NAME", options->name, "The machine")->required();
    command.add_flag("-i,--interactive", options->input, "Give it our standard input");
    command.add_flag("-t,--tty", options->terminal, "Give it a terminal (includes -i)");
    command.add_option("PROGRAM", options->program, "The program and its arguments, after --");
    commands.act(command, options, exec);
}

}  // namespace nap::cli
