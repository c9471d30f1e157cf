// SPDX-License-Identifier: GPL-2.0-only
#include "cli/session/deferred_signals.hpp"

namespace nap::cli {

namespace {
constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
}

DeferredSignals::DeferredSignals() {
    sigemptyset(&deferred_);
    for (int number : kEnding) {
        // One that is ignored (nohup) ends nothing, but would be pending like the others
        struct sigaction current {};
        ::sigaction(number, nullptr, &current);
        if (current.sa_handler != SIG_IGN) sigaddset(&deferred_, number);
    }
    ::pthread_sigmask(SIG_BLOCK, &deferred_, &before_);
}

DeferredSignals::~DeferredSignals() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool DeferredSignals::came() const {
    sigset_t pending;
    sigpending(&pending);
    sigset_t both;
    sigandset(&both, &pending, &deferred_);
    return sigisemptyset(&both) == 0;
}

}  // namespace nap::cli
