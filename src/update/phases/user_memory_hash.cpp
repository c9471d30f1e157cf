// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/user_memory_hash.hpp"

#include <chrono>

#include "base/process.hpp"

namespace nap::update {

Result<std::string> hash_user_memory(const std::filesystem::path& file) {
    Command command;
    command.argv = {"sha256sum", "--", file.string()};
    NAP_TRY(Output output, run(command, std::chrono::minutes(5)));
    if (output.status != 0 || output.out.size() < 64)
        return fail(ErrorKind::io, "cannot hash " + file.string() + ": " + output.out);
    return output.out.substr(0, 64);
}

}  // namespace nap::update
