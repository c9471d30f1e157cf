// SPDX-License-Identifier: GPL-2.0-only
// What else a process is: directories, umask, credentials, capabilities, limits, priorities, name, seccomp
// filter.
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <functional>
#include <memory>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

// A child that put itself into a state of which it can tell; what it tells must stay the same.
class Telling : public State {
  public:
    using Step = std::function<void()>;
    using Tell = std::function<std::string()>;
    Telling(Step enter, Tell tell, Step leave)
        : enter_(std::move(enter)), tell_(std::move(tell)), leave_(std::move(leave)) {}

    void set_up() override {
        child_ = std::make_unique<Child>([this] {
            enter_();
            return [this](const std::string& question) {
                if (question == "leave") leave_();
                return tell_();
            };
        });
        before_ = child_->ask("tell");
    }
    void verify() override {
        const std::string now = child_->ask("tell");
        require(now == before_, "is '", now, "', was '", before_, "'");
    }
    void damage() override { (void)child_->ask("leave"); }

  private:
    Step enter_;
    Tell tell_;
    Step leave_;
    std::unique_ptr<Child> child_;
    std::string before_;
};

std::string directory_and_mask() {
    std::array<char, 4096> path{};
    require(getcwd(path.data(), path.size()) != nullptr, "getcwd");
    const mode_t mask = umask(0);
    umask(mask);
    std::ostringstream text;
    text << "cwd " << path.data() << " umask " << std::oct << mask << " /mark " << access("/mark", F_OK);
    return text.str();
}

void enter_directory() {
    const std::string root = disk_directory("attributes_root");
    check(mkdir((root + "/work").c_str(), 0755), "mkdir");
    write_text(root + "/mark", "");
    check(chroot(root.c_str()), "chroot");
    check(chdir("/work"), "chdir");
    umask(0157);
}

// Of /proc/self/status the lines of credentials.
std::string credentials() {
    std::ifstream status("/proc/self/status");
    std::string text;
    for (std::string line; std::getline(status, line);)
        for (const char* field : {"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:",
                                  "CapAmb:", "NoNewPrivs:"})
            if (line.starts_with(field)) text += line + "; ";
    int signal = 0;
    prctl(PR_GET_PDEATHSIG, &signal);
    text += "securebits " + std::to_string(prctl(PR_GET_SECUREBITS)) + " subreaper ";
    int reaper = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    return text + std::to_string(reaper) + " parent death signal " + std::to_string(signal);
}

void become_another() {
    const std::array<gid_t, 3> groups{7, 1234, 4321};
    check(prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
    check(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME), "PR_CAPBSET_DROP");
    check(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
    check(setgroups(groups.size(), groups.data()), "setgroups");
    check(setresgid(1001, 1002, 1003), "setresgid");
    check(setresuid(2001, 2002, 2003), "setresuid");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __u32 kept = 1U << CAP_NET_BIND_SERVICE | 1U << CAP_CHOWN;
    const std::array<__user_cap_data_struct, 2> data{{{1U << CAP_CHOWN, kept, 1U << CAP_CHOWN}, {0, 0, 0}}};
    check(syscall(SYS_capset, &header, data.data()), "capset");
    check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), "PR_CAP_AMBIENT");
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    check(prctl(PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE");
    Child::end_with_parent();
}

std::string limits() {
    std::string text;
    for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
        rlimit limit{};
        check(getrlimit(static_cast<__rlimit_resource>(resource), &limit), "getrlimit");
        text += std::to_string(limit.rlim_cur) + "/" + std::to_string(limit.rlim_max) + " ";
    }
    return text;
}

void set_limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    check(setrlimit(resource, &limit), "setrlimit");
}

std::string scheduling() {
    sched_param parameter{};
    check(sched_getparam(0, &parameter), "sched_getparam");
    return "policy " + std::to_string(sched_getscheduler(0)) + " priority " +
           std::to_string(parameter.sched_priority) + " nice " + std::to_string(getpriority(PRIO_PROCESS, 0));
}

// argv, environment and name, as others see them.
std::string names() {
    std::array<char, 17> name{};
    prctl(PR_GET_NAME, name.data());
    const char* variable = getenv("NAP_TEST_VARIABLE");
    return std::string(name.data()) + " | " + read_text("/proc/self/cmdline") + " | " +
           (variable != nullptr ? variable : "") + " | " +
           std::to_string(read_text("/proc/self/environ").size()) + " | oom " +
           read_text("/proc/self/oom_score_adj");
}

// A filter that refuses getpgid(2); of several the last one added decides the error.
void refuse_a_call(unsigned error) {
    std::array<sock_filter, 4> filter{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{filter.size(), filter.data()};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "PR_SET_SECCOMP");
}

std::string refused_call() {
    const long result = syscall(SYS_getpgid, 0);
    return "getpgid gives errno " + std::to_string(result < 0 ? errno : 0);
}

NAP_GUEST_STATE("directories", Telling, enter_directory, directory_and_mask, [] { umask(0); });
NAP_GUEST_STATE("credentials", Telling, become_another, credentials,
                [] { prctl(PR_SET_CHILD_SUBREAPER, 0); });
NAP_GUEST_STATE(
    "limits", Telling,
    [] {
        set_limit(RLIMIT_NOFILE, 777, 1024);
        set_limit(RLIMIT_CORE, 0, 0);
        set_limit(RLIMIT_STACK, 3 << 20, 6 << 20);
        set_limit(RLIMIT_SIGPENDING, 99, 100);
    },
    limits, [] { set_limit(RLIMIT_NOFILE, 776, 1024); });
NAP_GUEST_STATE(
    "scheduling", Telling,
    [] {
        const sched_param none{};
        check(sched_setscheduler(0, SCHED_BATCH, &none), "sched_setscheduler");
        check(setpriority(PRIO_PROCESS, 0, 7), "setpriority");
    },
    scheduling, [] { check(setpriority(PRIO_PROCESS, 0, 9), "setpriority"); });
NAP_GUEST_STATE(
    "scheduling_realtime", Telling,
    [] {
        const sched_param priority{5};
        check(sched_setscheduler(0, SCHED_RR, &priority), "sched_setscheduler");
    },
    scheduling,
    [] {
        const sched_param none{};
        check(sched_setscheduler(0, SCHED_OTHER, &none), "sched_setscheduler");
    });
NAP_GUEST_STATE(
    "names", Telling,
    [] {
        prctl(PR_SET_NAME, "a name (with) x");
        check(setenv("NAP_TEST_VARIABLE", "still here", 1), "setenv");
        write_text("/proc/self/oom_score_adj", "321");
    },
    names, [] { prctl(PR_SET_NAME, "another"); });
NAP_GUEST_STATE(
    "seccomp", Telling, [] { refuse_a_call(ENOANO); }, refused_call, [] { refuse_a_call(ENOTNAM); });

}  // namespace
}  // namespace guest
