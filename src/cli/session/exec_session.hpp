// SPDX-License-Identifier: GPL-2.0-only
// The near end of a program that runs elsewhere: our standard input and the signals we get go to it, its
// output comes to us. One thread for each direction, so that none holds up the others.
#pragma once

#include <thread>

#include "base/fd.hpp"
#include "channel/link.hpp"

namespace nap::cli {

// Blocks the signals that a session forwards; before any thread starts. Gives a descriptor to read them from.
Result<UniqueFd> catch_signals(bool terminal);

class ExecSession {
  public:
    // `input`: our standard input is the program's; else the program's is empty.
    ExecSession(channel::Call& call, UniqueFd signals, bool input);
    ~ExecSession();
    ExecSession(const ExecSession&) = delete;
    ExecSession& operator=(const ExecSession&) = delete;

    Result<int> run();  // to the program's end: its exit status

  private:
    void send_input();
    void send_signals();
    bool readable(int fd);  // false once the session is over

    channel::Call& call_;
    UniqueFd signals_, over_;
    std::thread input_, signalling_;
};

}  // namespace nap::cli
