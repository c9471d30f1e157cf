// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/console_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "base/fd.hpp"

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

Result<> shorten_console_log(const fs::path& log) {
    auto file = open_file(log, O_RDWR);
    if (!file && file.error().kind == ErrorKind::not_found) return {};
    if (!file) return std::unexpected(file.error());
    const off_t size = ::lseek(file->get(), 0, SEEK_END);
    if (size <= static_cast<off_t>(4 * kConsoleLogLimit)) return {};
    std::string last(kConsoleLogLimit, '\0');
    const auto got = ::pread(file->get(), last.data(), last.size(), size - static_cast<off_t>(last.size()));
    if (got < 0) return fail_errno("cannot read " + log.string());
    last.resize(static_cast<std::size_t>(got));
    NAP_CHECK(replace_file(older_console_log(log), last));
    if (::ftruncate(file->get(), 0) != 0) return fail_errno("cannot shorten " + log.string());
    return {};
}

}  // namespace nap::machine
