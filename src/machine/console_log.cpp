// SPDX-License-Identifier: GPL-2.0-only
#include "machine/console_log.hpp"

namespace nap::machine {

namespace fs = std::filesystem;

fs::path older_console_log(const fs::path& log) {
    return log.string() + ".1";
}

Result<> bound_console_log(const fs::path& log) {
    std::error_code failure;
    const auto size = fs::file_size(log, failure);
    if (failure || size <= kConsoleLogLimit) return {};  // none yet: the first generation
    fs::rename(log, older_console_log(log), failure);
    if (failure)
        return fail_errno("cannot put the console's log " + log.string() + " aside", failure.value());
    return {};
}

}  // namespace nap::machine
