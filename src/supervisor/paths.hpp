// SPDX-License-Identifier: GPL-2.0-only
// Where the state lies on the host.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "machine/definition/paths.hpp"

namespace nap::supervisor {

using machine::MachinePaths;

struct Paths {
    std::filesystem::path lib, run, memory;
    std::filesystem::path libexec;  // agent, criu, module/: beside this program

    // `root`: --root; else NAP_ROOT; else /var/lib/nap and /run/nap. Absolute afterwards. Nothing is created;
    // what is there already must be a folder.
    static Result<Paths> from(const std::optional<std::string>& root);

    [[nodiscard]] std::filesystem::path kernels() const { return lib / "kernels"; }
    [[nodiscard]] std::filesystem::path machines() const { return lib / "machines"; }
    [[nodiscard]] MachinePaths machine(const std::string& name) const {
        return {machines() / name, run / name, memory / name};
    }
};

// Whether all sockets of a machine have paths short enough for sockets; a usage error.
Result<> check_socket_paths(const MachinePaths& machine);

}  // namespace nap::supervisor
