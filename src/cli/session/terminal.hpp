// SPDX-License-Identifier: GPL-2.0-only
// The terminal: raw while a program elsewhere uses it, and put back.
#pragma once

#include <termios.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace nap::cli {

class RawTerminal {
  public:
    static Result<RawTerminal> enter();  // standard input; usage if that is no terminal
    RawTerminal(RawTerminal&& other) noexcept;
    RawTerminal& operator=(RawTerminal&&) = delete;
    ~RawTerminal();

  private:
    RawTerminal() = default;
    termios before_{};
    bool entered_ = false;
};

// {"rows": n, "cols": n} of the terminal on standard input or output; 24 x 80 where there is none.
nlohmann::json terminal_size();

}  // namespace nap::cli
