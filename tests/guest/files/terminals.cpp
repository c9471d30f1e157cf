// SPDX-License-Identifier: GPL-2.0-only
// A pseudo terminal: settings, size, whose controlling terminal it is, and what waits in it.
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

class Terminal : public State {
  public:
    explicit Terminal(bool content) : content_(content) {}

    void set_up() override {
        int slave = -1;
        check(openpty(&master_, &slave, nullptr, nullptr, nullptr), "openpty");
        termios settings{};
        check(tcgetattr(slave, &settings), "tcgetattr");
        settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
        settings.c_cc[VINTR] = 7;
        settings.c_cc[VMIN] = 3;
        check(tcsetattr(slave, TCSANOW, &settings), "tcsetattr");
        const winsize size{33, 77, 0, 0};
        check(ioctl(master_, TIOCSWINSZ, &size), "TIOCSWINSZ");
        child_ = std::make_unique<Child>([this, slave]() -> Child::Answer {
            setsid();
            check(ioctl(slave, TIOCSCTTY, 0), "TIOCSCTTY");
            close(master_);
            return [slave](const std::string& question) {
                if (question.starts_with("write ")) write_exactly(slave, question.substr(6), "slave");
                if (question.starts_with("read "))
                    return read_exactly(slave, std::stoul(question.substr(5)), "slave");
                return facts(slave);
            };
        });
        close(slave);
        facts_ = child_->ask("facts");
        if (content_) queue();
    }

    void verify() override {
        const std::string now = child_->ask("facts");
        require(now == facts_, "the terminal is '", now, "', was '", facts_, "'");
        if (!content_) queue();
        require(child_->ask("read " + std::to_string(kInput.size())) == kInput, "input changed on its way");
        require(read_exactly(master_, kOutput.size(), "master") == kOutput, "output changed on its way");
        if (content_) queue();
    }

    void damage() override {
        const winsize size{1, 1, 0, 0};
        check(ioctl(master_, TIOCSWINSZ, &size), "TIOCSWINSZ");
    }

  private:
    inline static const std::string kInput = "typed but not read yet", kOutput = "written but not read yet";

    void queue() const {
        write_exactly(master_, kInput, "master");
        (void)child_->ask("write " + kOutput);
    }

    // Seen by the process whose controlling terminal it is.
    static std::string facts(int slave) {
        termios settings{};
        check(tcgetattr(slave, &settings), "tcgetattr");
        winsize size{};
        check(ioctl(slave, TIOCGWINSZ, &size), "TIOCGWINSZ");
        const int terminal = static_cast<int>(check(open("/dev/tty", O_RDWR | O_CLOEXEC), "open /dev/tty"));
        const bool foreground = tcgetpgrp(terminal) == getpgrp();
        const pid_t session = tcgetsid(terminal);
        close(terminal);
        std::ostringstream text;
        text << ttyname(slave) << " flags " << settings.c_iflag << ' ' << settings.c_oflag << ' '
             << settings.c_cflag << ' ' << settings.c_lflag << " characters " << int{settings.c_cc[VINTR]}
             << ' ' << int{settings.c_cc[VMIN]} << " size " << size.ws_row << 'x' << size.ws_col
             << " foreground " << foreground << " session " << session;
        return text.str();
    }

    bool content_;
    int master_ = -1;
    std::string facts_;
    std::unique_ptr<Child> child_;
};

NAP_GUEST_STATE("terminal", Terminal, false);
NAP_GUEST_STATE("terminal_content", Terminal, true);

}  // namespace
}  // namespace guest
