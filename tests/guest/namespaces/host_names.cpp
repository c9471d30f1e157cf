// SPDX-License-Identifier: GPL-2.0-only
// Host names of a process's own (UTS namespaces): who shares one, and who does not.
#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "child.hpp"
#include "harness.hpp"
#include "namespaces/told.hpp"

namespace guest {
namespace {

constexpr const char *kHost = "nap-test-apart", *kDomain = "nap-test-domain", *kOther = "nap-test-other";

std::string names() {
    utsname told{};
    check(uname(&told), "uname");
    return std::string(told.nodename) + " " + told.domainname;
}

void set_names(const std::string& host, const std::string& domain) {
    check(sethostname(host.data(), host.size()), "sethostname");
    check(setdomainname(domain.data(), domain.size()), "setdomainname");
}

Child::Answer answers() {
    return [](const std::string& question) {
        if (question.starts_with("host ")) {
            const std::string host = question.substr(5);
            check(sethostname(host.data(), host.size()), "sethostname");
        }
        return names();
    };
}

class HostNames : public State {
  public:
    void set_up() override {
        const std::string machine = "/proc/" + std::to_string(getpid()) + "/ns/uts";
        outside_ = names();
        founder_ = std::make_unique<Child>([&] {
            check(unshare(CLONE_NEWUTS), "unshare");
            set_names(kHost, kDomain);
            born_ = std::make_unique<Child>(answers);
            back_ = std::make_unique<Child>([&] {
                enter_namespace(machine);
                return answers();
            });
            return [this](const std::string& question) {
                if (question == "born") return born_->ask("names");
                if (question == "born pid") return std::to_string(born_->pid());
                if (question == "back") return back_->ask("names");
                if (question == "back pid") return std::to_string(back_->pid());
                return answers()(question);
            };
        });
        const std::string apart = "/proc/" + std::to_string(founder_->pid()) + "/ns/uts";
        joined_ = std::make_unique<Child>([&] {
            enter_namespace(apart);
            for (int i = 0; i < 2; ++i) std::thread(sleep_for_ever).detach();
            return answers();
        });
        alone_ = std::make_unique<Child>([] {
            check(unshare(CLONE_NEWUTS), "unshare");
            set_names(kOther, "");
            return answers();
        });
        kept_ = static_cast<int>(check(open(apart.c_str(), O_RDONLY | O_CLOEXEC), "open"));
        born_pid_ = std::stoi(founder_->ask("born pid"));
        back_pid_ = std::stoi(founder_->ask("back pid"));
    }

    void verify() override {
        const std::string apart = std::string(kHost) + " " + kDomain;
        expect_names(apart);
        require(alone_->ask("names") == std::string(kOther) + " ", "one apart: ", alone_->ask("names"));
        const auto ours = namespace_of(getpid(), "uts"), theirs = namespace_of(founder_->pid(), "uts");
        require(theirs != ours, "the machine's and that apart are one");
        require(namespace_of(born_pid_, "uts") == theirs, "a child is not in its parent's");
        require(namespace_of(back_pid_, "uts") == ours, "who had gone back is not in the machine's");
        for (const auto each : namespaces_of_threads(joined_->pid(), "uts"))
            require(each == theirs, "a thread of who joined it is not in it");
        require(namespace_of(alone_->pid(), "uts") != theirs, "two of the same");
        require(namespace_behind(kept_) == theirs, "the descriptor leads elsewhere");
        (void)founder_->ask("host nap-test-changed");
        expect_names(std::string("nap-test-changed ") + kDomain);
        (void)joined_->ask(std::string("host ") + kHost);
        expect_names(apart);
    }
    void damage() override { (void)founder_->ask("host nap-test-damaged"); }

  private:
    void expect_names(const std::string& apart) {
        require(founder_->ask("names") == apart, "who made it: ", founder_->ask("names"));
        require(founder_->ask("born") == apart, "its child: ", founder_->ask("born"));
        require(joined_->ask("names") == apart, "who joined it: ", joined_->ask("names"));
        require(founder_->ask("back") == outside_, "who went back: ", founder_->ask("back"));
        require(names() == outside_, "the machine is called ", names(), " instead of ", outside_);
    }

    std::unique_ptr<Child> founder_, joined_, alone_;
    std::unique_ptr<Child> born_, back_;  // in the founder
    std::string outside_;
    int kept_ = -1;
    pid_t born_pid_ = 0, back_pid_ = 0;
};

NAP_GUEST_STATE("host_names", HostNames);

}  // namespace
}  // namespace guest
