// SPDX-License-Identifier: GPL-2.0-only
// Terminal: where an exec'd command's input comes from and its output goes: a pty of the userland, or three
// pipes.
#pragma once

#include <cstdint>

#include "base/fd.hpp"

namespace nap::agent {

struct Terminal {
    UniqueFd input, output, errors;                    // ours; with a pty: master, master, none
    UniqueFd child_input, child_output, child_errors;  // the command's
    bool tty = false;

    // In the userland's mount namespace: the pty must be one of its own devpts.
    static Result<Terminal> open_pty(std::uint64_t rows, std::uint64_t cols);
    static Result<Terminal> open_pipes();
    Result<> resize(std::uint64_t rows, std::uint64_t cols) const;
    void close_child();
};

}  // namespace nap::agent
