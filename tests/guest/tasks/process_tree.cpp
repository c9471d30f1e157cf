// SPDX-License-Identifier: GPL-2.0-only
// PIDs, parents, sessions, process groups, an orphan, zombies.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

struct Standing {
    pid_t pid, parent, group, session;
    bool zombie;
    bool operator==(const Standing&) const = default;
};

// From /proc/PID/stat: the fields after the name, which may hold anything.
Standing standing_of(pid_t pid) {
    const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream rest(stat.substr(stat.rfind(')') + 2));
    char letter = '?';
    Standing standing{pid, 0, 0, 0, false};
    rest >> letter >> standing.parent >> standing.group >> standing.session;
    standing.zombie = letter == 'Z';
    return standing;
}

std::string identity() {
    std::ostringstream text;
    text << getpid() << ' ' << getppid() << ' ' << getpgrp() << ' ' << getsid(0);
    return text.str();
}

pid_t make_zombie(int exit_status) {
    const auto pid = static_cast<pid_t>(check(fork(), "fork"));
    if (pid == 0) _exit(exit_status);
    siginfo_t info{};
    check(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), "waitid");
    return pid;
}

class ProcessTree : public State {
  public:
    void set_up() override {
        session_ = std::make_unique<Child>([] {
            setsid();
            return [](const std::string&) { return identity(); };
        });
        // A parent with a child in a group of its own and a zombie.
        branch_ = std::make_unique<Child>([]() -> Child::Answer {
            setpgid(0, 0);
            auto leaf = std::make_shared<Child>([] {
                setpgid(0, 0);
                return [](const std::string&) { return identity(); };
            });
            const pid_t zombie = make_zombie(9);
            return [leaf, zombie](const std::string& question) {
                if (question == "leaf") return std::to_string(leaf->pid());
                if (question == "zombie") return std::to_string(zombie);
                return identity() + " / " + leaf->ask("who");
            };
        });
        make_orphan();
        zombie_ = make_zombie(7);
        for (const pid_t pid : {getpid(), session_->pid(), branch_->pid(), std::stoi(branch_->ask("leaf")),
                                std::stoi(branch_->ask("zombie")), orphan_, zombie_})
            before_.push_back(standing_of(pid));
        said_before_ = said();
    }

    void verify() override {
        for (const auto& standing : before_)
            require(standing_of(standing.pid) == standing, "process ", standing.pid,
                    " has another parent, group, session or state");
        require(said() == said_before_, "a process sees other ids of its own: ", said(), " was ",
                said_before_);
        siginfo_t info{};
        check(waitid(P_PID, static_cast<id_t>(zombie_), &info, WEXITED | WNOWAIT), "waitid for the zombie");
        require(info.si_status == 7, "the zombie's exit status is ", info.si_status);
    }

    void damage() override { check(waitpid(zombie_, nullptr, 0), "reap the zombie"); }

  private:
    std::string said() const { return session_->ask("who") + " | " + branch_->ask("who"); }

    // Its parent ends, init adopts it; it ends when nobody holds the pipe any more.
    void make_orphan() {
        std::array<int, 2> life{}, name{};
        check(pipe(life.data()), "pipe");
        check(pipe(name.data()), "pipe");
        const auto middle = static_cast<pid_t>(check(fork(), "fork"));
        if (middle == 0) {
            const pid_t orphan = fork();
            if (orphan == 0) {
                for (const int fd : {life[1], name[0], name[1]}) close(fd);
                char byte = 0;
                while (read(life[0], &byte, 1) != 0) {
                }
                _exit(0);
            }
            _exit(write(name[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
        }
        check(waitpid(middle, nullptr, 0), "waitpid");
        check(read(name[0], &orphan_, sizeof orphan_), "read");
        for (const int fd : {life[0], name[0], name[1]}) close(fd);
    }

    std::unique_ptr<Child> session_, branch_;
    pid_t orphan_ = 0, zombie_ = 0;
    std::vector<Standing> before_;
    std::string said_before_;
};

NAP_GUEST_STATE("process_tree", ProcessTree);

}  // namespace
}  // namespace guest
