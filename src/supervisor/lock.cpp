// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace nap::supervisor {

Result<std::optional<UniqueFd>> try_lock(const machine::MachinePaths& paths) {
    std::error_code error;
    std::filesystem::create_directories(paths.run, error);
    if (error) return fail_errno("cannot make " + paths.run.string(), error.value());
    NAP_TRY(UniqueFd fd, open_file(paths.run / "lock", O_RDWR | O_CREAT));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno == EWOULDBLOCK) return std::nullopt;
    return fail_errno("cannot lock " + paths.run.string());
}

}  // namespace nap::supervisor
