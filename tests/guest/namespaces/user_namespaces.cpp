// SPDX-License-Identifier: GPL-2.0-only
// User namespaces of a process's own, as systemd's PrivateUsers= makes them, and as a user makes one: maps,
// owner, ids, capabilities that hold inside only, who shares one.
#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <thread>

#include "child.hpp"
#include "harness.hpp"
#include "namespaces/told.hpp"

namespace guest {
namespace {

constexpr uid_t kUser = 1000;
constexpr gid_t kUnmapped = 4242;
constexpr const char* kMap = "0 0 1\n1000 1000 1\n";

// Lines of /proc/PID/status, as the reader's user namespace has them.
std::string status_of(const std::string& pid) {
    std::istringstream lines(read_text("/proc/" + pid + "/status"));
    std::string told;
    for (std::string line; std::getline(lines, line);)
        for (const char* wanted : {"Uid:", "Gid:", "Groups:", "Cap"})
            if (line.starts_with(wanted)) told += line + "; ";
    return told;
}

std::string state() {
    std::string told = status_of("self");
    for (const char* file : {"uid_map", "gid_map", "setgroups"})
        told += read_text("/proc/self/" + std::string(file));
    int signal = 0;
    prctl(PR_GET_PDEATHSIG, &signal);
    return told + std::to_string(prctl(PR_GET_DUMPABLE)) + " " + std::to_string(signal);
}

// Privileged inside, and nowhere else.
std::string powers() {
    const bool outside = sethostname("nap-test-wrong", 14) == 0 || errno != EPERM;
    in_process([] {
        check(unshare(CLONE_NEWUTS), "unshare");
        check(sethostname("nap-test-own", 12), "sethostname");
    });
    return outside ? "outside, too" : "inside";
}

Child::Answer answers() {
    return [](const std::string& question) {
        if (question == "powers") return powers();
        if (question == "set id") return std::to_string(setresuid(77, 77, 77)) + " " + std::to_string(errno);
        if (question == "damage") return std::to_string(prctl(PR_SET_DUMPABLE, 0));
        return state();
    };
}

// Whoever stays outside writes the maps.
void enter_private_users() {
    const gid_t groups[] = {0, kUnmapped};
    check(setgroups(2, groups), "setgroups");
    int ready[2];
    check(pipe(ready), "pipe");
    const pid_t writer = static_cast<pid_t>(check(fork(), "fork"));
    if (writer == 0) {
        char byte = 0;
        const std::string process = "/proc/" + std::to_string(getppid());
        if (read(ready[0], &byte, 1) != 1) _exit(1);
        write_text(process + "/setgroups", "deny");
        write_text(process + "/uid_map", kMap);
        write_text(process + "/gid_map", kMap);
        _exit(0);
    }
    check(unshare(CLONE_NEWUSER), "unshare");
    write_exactly(ready[1], "x", "writer");
    int status = 0;
    check(waitpid(writer, &status, 0), "waitpid");
    require(status == 0, "cannot write the maps");
    close(ready[0]);
    close(ready[1]);
}

void become(uid_t user) {
    check(setresgid(user, user, user), "setresgid");
    check(setresuid(user, user, user), "setresuid");
    check(prctl(PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE");
    Child::end_with_parent();
}

uid_t owner_of(pid_t pid) {
    const int fd = static_cast<int>(
        check(open(("/proc/" + std::to_string(pid) + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC), "open"));
    uid_t owner = 0;
    const int result = ioctl(fd, NS_GET_OWNER_UID, &owner);
    close(fd);
    check(result, "NS_GET_OWNER_UID");
    return owner;
}

class UserNamespaces : public State {
  public:
    void set_up() override {
        founder_ = std::make_unique<Child>([&] {
            enter_private_users();
            // A service in the sandbox
            service_ = std::make_unique<Child>([] {
                become(kUser);
                for (int i = 0; i < 3; ++i) std::thread(sleep_for_ever).detach();
                return answers();
            });
            return [this](const std::string& question) {
                if (question == "service pid") return std::to_string(service_->pid());
                if (question.starts_with("service ")) return service_->ask(question.substr(8));
                return answers()(question);
            };
        });
        own_ = std::make_unique<Child>([] {
            check(setgroups(0, nullptr), "setgroups");
            become(kUser);
            check(unshare(CLONE_NEWUSER), "unshare as a user");
            write_text("/proc/self/setgroups", "deny");
            write_text("/proc/self/uid_map", "0 1000 1");
            write_text("/proc/self/gid_map", "0 1000 1");
            Child::end_with_parent();
            return answers();
        });
        service_pid_ = std::stoi(founder_->ask("service pid"));
        told_ = told();
    }

    void verify() override {
        const auto ours = namespace_of(getpid(), "user"), theirs = namespace_of(founder_->pid(), "user"),
                   own = namespace_of(own_->pid(), "user");
        require(theirs != ours && own != ours && own != theirs, "two of the three are one");
        for (const auto each : namespaces_of_threads(service_pid_, "user"))
            require(each == theirs, "a thread of the service is not in it");
        require(told() == told_, told_, " became ", told());
        for (const std::string& whose : {founder_->ask("powers"), own_->ask("powers")})
            require(whose == "inside", "its capabilities hold ", whose);
        const std::string refused = std::to_string(-1) + " " + std::to_string(EINVAL);
        require(founder_->ask("set id") == refused,
                "an id without a map is taken: ", founder_->ask("set id"));
    }
    void damage() override { (void)founder_->ask("service damage"); }

  private:
    std::string told() const {
        std::string all;
        for (const std::string& part :
             {founder_->ask("state"), founder_->ask("service state"), own_->ask("state")})
            all += part + "\n";
        for (const pid_t pid : {founder_->pid(), service_pid_, own_->pid()})
            all += status_of(std::to_string(pid)) + std::to_string(owner_of(pid)) + "\n";
        return all;
    }

    std::unique_ptr<Child> founder_, own_;
    std::unique_ptr<Child> service_;  // in the founder
    pid_t service_pid_ = 0;
    std::string told_;
};

NAP_GUEST_STATE("user_namespaces", UserNamespaces);

}  // namespace
}  // namespace guest
