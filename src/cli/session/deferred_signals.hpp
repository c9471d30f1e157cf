// SPDX-License-Identifier: GPL-2.0-only
// Signals that would end the program wait while this lives, so that what is half done is taken away first.
#pragma once

#include <csignal>

namespace nap::cli {

// Before any thread starts: they inherit it.
class DeferredSignals {
  public:
    DeferredSignals();
    ~DeferredSignals();  // one that came meanwhile ends the program here
    DeferredSignals(const DeferredSignals&) = delete;
    DeferredSignals& operator=(const DeferredSignals&) = delete;
    [[nodiscard]] bool came() const;

  private:
    sigset_t deferred_, before_;
};

}  // namespace nap::cli
