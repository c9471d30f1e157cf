// SPDX-License-Identifier: GPL-2.0-only
// Ctrl-C and SIGTERM while we wait for what goes on without us: they end the waiting, not the program.
#pragma once

#include <csignal>

namespace nap::cli {

// One at a time. Signals that were ignored before stay ignored.
class Interruption {
  public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    [[nodiscard]] int signal() const;  // the first that came; 0: none

  private:
    struct sigaction interrupt_ {
    }, terminate_{};
};

}  // namespace nap::cli
