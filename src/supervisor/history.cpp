// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/history.hpp"

#include <fcntl.h>

#include "base/fd.hpp"

namespace nap::supervisor {

Result<> append_history(const std::filesystem::path& path, const nlohmann::json& report) {
    NAP_TRY(UniqueFd fd, open_file(path, O_WRONLY | O_APPEND | O_CREAT));
    return write_all(fd.get(), report.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace nap::supervisor
