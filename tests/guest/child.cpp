// SPDX-License-Identifier: GPL-2.0-only
#include "child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "harness.hpp"

namespace guest {

namespace {
constexpr std::size_t kLongest = 4096;  // PIPE_BUF: written and read whole

std::string read_message(int fd) {
    std::string text(kLongest, '\0');
    ssize_t got = 0;
    do got = read(fd, text.data(), text.size());
    while (got < 0 && errno == EINTR);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

[[noreturn]] void serve(const std::function<Child::Answer()>& body, int questions, int answers) {
    const auto reply = [answers](std::string text) {
        text.resize(std::min(text.size(), kLongest));
        if (write(answers, text.data(), text.size()) < 0) _exit(1);
    };
    try {
        const auto answer = body();
        reply("+");
        for (;;) {
            const std::string question = read_message(questions);
            if (question.empty()) _exit(0);
            try {
                reply("+" + answer(question));
            } catch (const Failure& failure) {
                reply("-" + failure.reason);
            }
        }
    } catch (const Failure& failure) {
        reply("-" + failure.reason);
    }
    _exit(1);
}

std::string take_answer(int fd, pid_t pid) {
    pollfd ready{fd, POLLIN, 0};
    int polled = 0;
    do polled = poll(&ready, 1, 10'000);
    while (polled < 0 && errno == EINTR);
    require(polled == 1, "process ", pid, " does not answer");
    const std::string text = read_message(fd);
    require(!text.empty(), "process ", pid, " is gone");
    require(text[0] == '+', "process ", pid, ": ", text.substr(1));
    return text.substr(1);
}
}  // namespace

Child::Child(const std::function<Answer()>& body) {
    std::array<int, 2> question{}, answer{};
    check(pipe2(question.data(), O_CLOEXEC), "pipe");
    check(pipe2(answer.data(), O_CLOEXEC), "pipe");
    pid_ = static_cast<pid_t>(check(fork(), "fork"));
    if (pid_ == 0) {
        end_with_parent();
        close(question[1]);
        close(answer[0]);
        serve(body, question[0], answer[1]);
    }
    close(question[0]);
    close(answer[1]);
    questions_ = question[1];
    answers_ = answer[0];
    take_answer(answers_, pid_);
}

Child::~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(questions_);
    close(answers_);
}

std::string Child::ask(const std::string& question) const {
    write_exactly(questions_, question, "ask process " + std::to_string(pid_));
    return take_answer(answers_, pid_);
}

void Child::end_with_parent() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

pid_t in_process(const std::function<void()>& work, uid_t user) {
    const auto child = static_cast<pid_t>(check(fork(), "fork"));
    if (child == 0) {
        if (user != 0 && (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
                          setresuid(user, user, user) != 0))
            _exit(1);
        try {
            work();
        } catch (const Failure&) {
            _exit(1);
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) require(errno == EINTR, "waitpid");
    require(status == 0, "process ", child, " failed");
    return child;
}

[[noreturn]] void sleep_for_ever() {
    for (;;) pause();
}

pid_t fork_sleeper() {
    const auto pid = static_cast<pid_t>(check(fork(), "fork"));
    if (pid != 0) return pid;
    Child::end_with_parent();
    sleep_for_ever();
}

}  // namespace guest
