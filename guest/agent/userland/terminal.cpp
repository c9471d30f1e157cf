// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

namespace nap::agent {

namespace {

void do_not_block(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<Terminal> Terminal::open_pty(std::uint64_t rows, std::uint64_t cols) {
    Terminal terminal;
    terminal.tty = true;
    NAP_TRY(terminal.input, open_file("/dev/pts/ptmx", O_RDWR | O_NOCTTY));
    const int master = terminal.input.get();
    int unlocked = 0;
    if (::ioctl(master, TIOCSPTLCK, &unlocked) != 0) return fail_errno("cannot unlock the terminal");
    const UniqueFd slave(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave) return fail_errno("cannot open the terminal");
    terminal.child_input.reset(::fcntl(slave.get(), F_DUPFD_CLOEXEC, 0));
    terminal.child_output.reset(::fcntl(slave.get(), F_DUPFD_CLOEXEC, 0));
    terminal.child_errors.reset(::fcntl(slave.get(), F_DUPFD_CLOEXEC, 0));
    terminal.output.reset(::fcntl(master, F_DUPFD_CLOEXEC, 0));
    do_not_block(master);
    NAP_CHECK(terminal.resize(rows, cols));
    return terminal;
}

Result<Terminal> Terminal::open_pipes() {
    Terminal terminal;
    NAP_TRY(Pipe in, make_pipe());
    NAP_TRY(Pipe out, make_pipe());
    NAP_TRY(Pipe err, make_pipe());
    terminal.input = std::move(in.write);
    terminal.child_input = std::move(in.read);
    terminal.output = std::move(out.read);
    terminal.child_output = std::move(out.write);
    terminal.errors = std::move(err.read);
    terminal.child_errors = std::move(err.write);
    do_not_block(terminal.input.get());
    do_not_block(terminal.output.get());
    do_not_block(terminal.errors.get());
    return terminal;
}

Result<> Terminal::resize(std::uint64_t rows, std::uint64_t cols) const {
    winsize size{};
    size.ws_row = static_cast<unsigned short>(std::min<std::uint64_t>(rows, 65535));
    size.ws_col = static_cast<unsigned short>(std::min<std::uint64_t>(cols, 65535));
    if (tty && ::ioctl(output.get(), TIOCSWINSZ, &size) != 0) return fail_errno("cannot resize the terminal");
    return {};
}

void Terminal::close_child() {
    child_input.reset();
    child_output.reset();
    child_errors.reset();
}

}  // namespace nap::agent
