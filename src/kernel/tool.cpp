// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/tool.hpp"

namespace nap::kernel {

namespace {
constexpr std::size_t kLinesShown = 12;
}

std::string_view last_lines(std::string_view text, std::size_t count) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    std::size_t begin = text.size();
    while (count-- > 0 && begin != std::string_view::npos && begin > 0) begin = text.rfind('\n', begin - 1);
    return begin == std::string_view::npos || begin == 0 ? text : text.substr(begin + 1);
}

Result<std::string> run_tool(std::string_view what, Command command, std::chrono::milliseconds limit) {
    command.environment_additions.emplace_back("LC_ALL=C");
    const std::string program = command.argv.front();
    auto output = run(command, limit);
    if (!output) return std::unexpected(output.error().within(what));
    if (output->status != 0)
        return fail(ErrorKind::io, std::string(what) + ": " + program + " failed with status " +
                                       std::to_string(output->status) + ":\n" +
                                       std::string(last_lines(output->out, kLinesShown)));
    return std::move(output->out);
}

}  // namespace nap::kernel
