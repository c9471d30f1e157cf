// SPDX-License-Identifier: GPL-2.0-only
// Restorer: CRIU at work on a restore, which stops once before the tasks would run and waits to be let go.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/contexts/criu.hpp"
#include "base/process.hpp"

namespace nap::agent {

// The monotonic clocks go on as if so much had passed since the dump when this kernel's CLOCK_MONOTONIC was
// `at`; what has passed since is added.
struct Advance {
    std::int64_t ns, at;
};

// Never kills CRIU, nor what it restored: tasks that die write to their memory, and a killed CRIU would let
// the others run. What fails stays as it is until the host ends this kernel.
class Restorer {
  public:
    static Result<Restorer> start(const CriuFolders& folders, const Advance& advance);
    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    Result<> wait_until_ready();  // all tasks recreated, stopped, waiting for their memory
    Result<> let_go();            // CRIU detaches from the tasks and ends

  private:
    Restorer(Process process, int pause, CriuFolders folders)
        : process_(std::move(process)), pause_(pause), folders_(std::move(folders)) {}
    Process process_;
    int pause_;  // not closed before CRIU ended well: its next write to the other end would end it
    CriuFolders folders_;
};

}  // namespace nap::agent
