// SPDX-License-Identifier: GPL-2.0-only
// Sessions and groups whose leaders have ended, left to a reaper that is not init: two generations of them,
// one left to a process that no longer is a reaper, one whose parent has left the session. Nobody hears a
// SIGCHLD that nobody's end has sent.
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

enum Role { kDaemon, kZombie, kGrandchild, kRetired, kLeftBehind, kLeaver, kBornBefore, kRoles };

struct Board {
    std::atomic<pid_t> pids[kRoles];
};

volatile sig_atomic_t children_ended = 0;

void count(int) {
    children_ended = children_ended + 1;
}

// Parent, group and session, from /proc/PID/stat: the fields after the name.
std::string standing_of(pid_t pid) {
    const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream rest(stat.substr(stat.rfind(')') + 2));
    std::string state, parent, group, session;
    rest >> state >> parent >> group >> session;
    return (state == "Z" ? "zombie " : "") + ("parent " + parent) + " group " + group + " session " + session;
}

class Orphans : public State {
  public:
    void set_up() override {
        void* shared =
            mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        require(shared != MAP_FAILED, "mmap");
        board_ = new (shared) Board{};
        check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER");
        start([this] { become_daemon(); });
        start([this] { retire(); });
        start([this] { leave(); });
        for (auto& pid : board_->pids)
            for (int i = 0; pid == 0; ++i) {
                require(i < 500, "a process did not come up");
                sleep_ms(10);
            }
        sleep_ms(100);  // until all that end have ended
        struct sigaction action {};
        action.sa_handler = count;
        check(sigaction(SIGCHLD, &action, nullptr), "sigaction");
        before_ = standings();
        ended_ = children_ended;
    }
    void verify() override {
        require(standings() == before_, "the processes stand as\n", standings(), "before as\n", before_);
        int reaper = 0;
        check(prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0), "PR_GET_CHILD_SUBREAPER");
        require(reaper == 1, "this process is no reaper any more");
        require(children_ended == ended_, "SIGCHLD came though no child has ended");
    }
    void damage() override { check(kill(board_->pids[kGrandchild], SIGKILL), "kill"); }

  private:
    // Runs `work` in a child, which ends with it.
    template <class Work>
    static void start(Work work) {
        const auto pid = static_cast<pid_t>(check(fork(), "fork"));
        if (pid == 0) {
            work();
            _exit(0);
        }
        check(waitpid(pid, nullptr, 0), "waitpid");
    }
    template <class Work>
    static pid_t fork_with(Work work) {
        const auto pid = static_cast<pid_t>(check(fork(), "fork"));
        if (pid > 0) return pid;
        work();
        _exit(0);
    }
    void stay(Role role) {
        sleep_ms(100);  // until it has the parent that it will keep
        Child::end_with_parent();
        board_->pids[role] = getpid();
        sleep_for_ever();
    }
    // The classic daemon; its child's session is a second one without a leader. The child is a zombie.
    void become_daemon() {
        setsid();
        fork_with([this] {
            board_->pids[kZombie] = fork_with([this] {
                setsid();
                fork_with([this] { stay(kGrandchild); });
            });
            stay(kDaemon);
        });
    }
    // Was a reaper only while it was left a child.
    void retire() {
        fork_with([this] {
            setsid();
            prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
            const pid_t leader = fork_with([this] {
                setsid();
                fork_with([this] {
                    setpgid(0, 0);
                    stay(kLeftBehind);
                });
            });
            waitpid(leader, nullptr, 0);
            while (board_->pids[kLeftBehind] == 0) sleep_ms(5);
            prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
            stay(kRetired);
        });
    }
    // Leaves the session, which has lost its leader, but not before it has forked.
    void leave() {
        setsid();
        fork_with([this] {
            fork_with([this] { stay(kBornBefore); });
            while (board_->pids[kBornBefore] == 0) sleep_ms(5);
            setsid();
            stay(kLeaver);
        });
    }
    std::string standings() const {
        std::ostringstream text;
        for (const auto& pid : board_->pids) text << pid << ": " << standing_of(pid) << '\n';
        return text.str();
    }

    Board* board_ = nullptr;
    std::string before_;
    int ended_ = 0;
};

NAP_GUEST_STATE("orphans", Orphans);

}  // namespace
}  // namespace guest
