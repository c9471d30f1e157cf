// SPDX-License-Identifier: GPL-2.0-only
#include "cli/session/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>

namespace nap::cli {

Result<RawTerminal> RawTerminal::enter() {
    RawTerminal terminal;
    if (!::isatty(STDIN_FILENO) || ::tcgetattr(STDIN_FILENO, &terminal.before_) != 0)
        return fail(ErrorKind::usage, "-t needs a terminal on standard input");
    auto raw = terminal.before_;
    ::cfmakeraw(&raw);
    if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) return fail_errno("cannot set the terminal up");
    terminal.entered_ = true;
    return terminal;
}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept
    : before_(other.before_), entered_(std::exchange(other.entered_, false)) {}

RawTerminal::~RawTerminal() {
    if (entered_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

nlohmann::json terminal_size() {
    winsize size{};
    for (int fd : {STDIN_FILENO, STDOUT_FILENO})
        if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
            return {{"rows", size.ws_row}, {"cols", size.ws_col}};
    return {{"rows", 24}, {"cols", 80}};
}

}  // namespace nap::cli
