// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/symbols.hpp"

#include "base/fd.hpp"

namespace nap::agent {

bool addresses_hidden(std::string_view kallsyms) {
    const auto text = kallsyms.find(" _text\n");
    const auto line = text == std::string_view::npos ? 0 : kallsyms.rfind('\n', text) + 1;
    return kallsyms.substr(line).starts_with("0000000000000000 ");
}

Result<std::string> read_symbols() {
    NAP_TRY(std::string symbols, read_file("/proc/kallsyms"));
    if (!addresses_hidden(symbols)) return symbols;
    const char* restriction = "/proc/sys/kernel/kptr_restrict";
    NAP_TRY(const std::string set, read_file(restriction));
    NAP_CHECK(write_file(restriction, "1"));
    auto shown = read_file("/proc/kallsyms");
    NAP_CHECK(write_file(restriction, set));
    return shown;
}

}  // namespace nap::agent
