// SPDX-License-Identifier: GPL-2.0-only
#include "cli/session/interruption.hpp"

namespace nap::cli {

namespace {

volatile std::sig_atomic_t came = 0;

void note(int number) {
    if (came == 0) came = number;
}

struct sigaction begin_to_note(int number) {
    struct sigaction before {
    }, noting{};
    noting.sa_handler = note;
    noting.sa_flags = SA_RESTART;
    ::sigaction(number, &noting, &before);
    if (before.sa_handler == SIG_IGN) ::sigaction(number, &before, nullptr);
    return before;
}

}  // namespace

Interruption::Interruption() {
    came = 0;
    interrupt_ = begin_to_note(SIGINT);
    terminate_ = begin_to_note(SIGTERM);
}

Interruption::~Interruption() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
}

int Interruption::signal() const {
    return came;
}

}  // namespace nap::cli
