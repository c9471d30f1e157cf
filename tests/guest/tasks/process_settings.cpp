// SPDX-License-Identifier: GPL-2.0-only
// Settings of a whole process that few programs use: what of it a core dump holds, huge pages, OOM, the nice
// of its session, who logged in, by which signal its end is told, whether it has called exec.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "child.hpp"
#include "harness.hpp"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif

namespace guest {
namespace {

std::string line(const std::string& path) {
    std::string text = read_text(path);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

// Of /proc/PID/stat: fields as proc(5) numbers them.
std::string field(pid_t pid, int number) {
    const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream rest(stat.substr(stat.rfind(')') + 2));
    std::string word;
    for (int i = 3; i <= number; ++i) rest >> word;
    return word;
}

std::string session_nice() {
    const std::string text = line("/proc/self/autogroup");
    const auto at = text.find("nice");
    return at == std::string::npos ? text : text.substr(at);
}

bool has_called_exec() {
    constexpr unsigned long kForkNoExec = 0x40;
    return (std::stoul(field(getpid(), 9)) & kForkNoExec) == 0;
}

std::string described() {
    int reaper = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    std::ostringstream text;
    text << "filter " << line("/proc/self/coredump_filter") << " huge pages off "
         << prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) << " dumpable " << prctl(PR_GET_DUMPABLE) << " oom "
         << line("/proc/self/oom_score_adj") << " (" << line("/proc/self/oom_adj") << ") session "
         << session_nice() << " login " << line("/proc/self/loginuid") << ' ' << line("/proc/self/sessionid")
         << " exec " << has_called_exec() << " end told by " << field(getpid(), 38) << " write and execute "
         << prctl(PR_GET_MDWE, 0, 0, 0, 0) << " personality " << line("/proc/self/personality")
         << " subreaper " << reaper << " keep caps " << prctl(PR_GET_KEEPCAPS);
    return text.str();
}

// Natively there may be no right to that.
void try_to_write(const std::string& path, const std::string& text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!write(fd, text.data(), text.size());
    close(fd);
}

void enter() {
    setsid();
    write_text("/proc/self/autogroup", "7");
    write_text("/proc/self/coredump_filter", "0x73");
    check(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "PR_SET_THP_DISABLE");
    try_to_write("/proc/self/oom_score_adj", "-100");
    write_text("/proc/self/oom_score_adj", "200");
    try_to_write("/proc/self/loginuid", "1234");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_MDWE, 1, 0, 0, 0);  // kernels from 6.3 on
    check(prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
}

class ProcessSettings : public State {
  public:
    void set_up() override {
        child_ = std::make_unique<Child>([] {
            enter();
            return [](const std::string& question) {
                if (question == "leave") write_text("/proc/self/coredump_filter", "0x33");
                return described();
            };
        });
        // Its end is told by no signal: waited for with __WALL only.
        silent_ = static_cast<pid_t>(check(syscall(SYS_clone, 0, 0, 0, 0, 0), "clone"));
        if (silent_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            sleep_for_ever();
        }
        before_ = told();
    }

    void verify() override {
        const std::string now = told();
        require(now == before_, "is '", now, "', was '", before_, "'");
    }

    void damage() override { (void)child_->ask("leave"); }

  private:
    std::string told() const { return child_->ask("tell") + " | silent child " + field(silent_, 38); }

    std::unique_ptr<Child> child_;
    pid_t silent_ = 0;
    std::string before_;
};

NAP_GUEST_STATE("process_settings", ProcessSettings);

}  // namespace
}  // namespace guest
