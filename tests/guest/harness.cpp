// SPDX-License-Identifier: GPL-2.0-only
// The daemon of each state and the commands that speak with it.
#include "harness.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <vector>

#include "crowd.hpp"
#include "times/tell_clocks.hpp"

namespace guest {

namespace {
constexpr int kPatienceMs = 30'000;

std::map<std::string, Factory>& registered() {
    static std::map<std::string, Factory> states;
    return states;
}
std::map<std::string, Hold>& holders() {
    static std::map<std::string, Hold> all;
    return all;
}

std::string status_directory() {
    const char* path = std::getenv("NAP_TEST_DIR");
    return path != nullptr ? path : "/run/nap-test";
}

std::string status_path(const std::string& name) {
    return status_directory() + "/" + name + ".status";
}
std::string pid_path(const std::string& name) {
    return status_directory() + "/" + name + ".pid";
}

void report(const std::string& name, const std::string& status) {
    const std::string aside = status_path(name) + ".new";
    write_text(aside, status + "\n");
    check(rename(aside.c_str(), status_path(name).c_str()), "rename " + aside);
}

std::string outcome(const std::function<void()>& step, const std::string& good) {
    try {
        step();
        return good;
    } catch (const Failure& failure) {
        return "fail: " + failure.reason;
    } catch (const std::exception& error) {
        return std::string("fail: ") + error.what();
    }
}

void become_daemon(const std::string& name) {
    setsid();
    close_range(0, ~0U, 0);
    if (open("/dev/null", O_RDWR) == 0 && dup(0) == 1) dup(0);
    prctl(PR_SET_NAME, name.c_str());
    write_text(pid_path(name), std::to_string(getpid()));
}

// Never returns: sets up the state and answers signals until killed.
[[noreturn]] void serve(const std::string& name, Factory factory) {
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGUSR1);
    sigaddset(&asked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &asked, nullptr);
    become_daemon(name);

    std::unique_ptr<State> state;
    report(name, outcome([&] { (state = factory())->set_up(); }, "ready"));
    for (;;) {
        const int signal = sigwaitinfo(&asked, nullptr);
        if (signal == SIGUSR1) report(name, outcome([&] { state->verify(); }, "pass"));
        if (signal == SIGUSR2) report(name, outcome([&] { state->damage(); }, "damaged"));
    }
}

// Never returns: holds it until killed.
[[noreturn]] void serve(const std::string& name, Hold hold) {
    become_daemon(name);
    report(name, outcome(hold, "ready"));
    for (;;) pause();
}

// What the daemon says within the time limit, or what became of it.
std::string await_status(const std::string& name, pid_t pid) {
    for (int waited = 0; waited < kPatienceMs; waited += 10) {
        std::error_code ignored;
        if (std::filesystem::exists(status_path(name), ignored)) {
            std::string status = read_text(status_path(name));
            while (!status.empty() && status.back() == '\n') status.pop_back();
            return status;
        }
        if (kill(pid, 0) < 0) return "fail: process " + std::to_string(pid) + " is gone";
        sleep_ms(10);
    }
    return "fail: no answer within " + std::to_string(kPatienceMs / 1000) + " s";
}

std::string start_daemon(const std::string& name, auto what) {
    std::filesystem::create_directories(status_directory());
    unlink(status_path(name).c_str());
    const auto middle = check(fork(), "fork");
    if (middle == 0) {
        if (fork() == 0) serve(name, what);
        _exit(0);
    }
    waitpid(static_cast<pid_t>(middle), nullptr, 0);
    return await_status(name, getpid());
}

std::string start(const std::string& name) {
    return start_daemon(name, registered().at(name));
}

std::string hold(const std::string& name) {
    return start_daemon(name, holders().at(name));
}

pid_t daemon_of(const std::string& name) {
    const pid_t pid = std::atoi(read_text(pid_path(name)).c_str());
    require(pid > 1, "no process id in ", pid_path(name));
    return pid;
}

std::string ask(const std::string& name, int signal) {
    const pid_t pid = daemon_of(name);
    unlink(status_path(name).c_str());
    require(kill(pid, signal) == 0, "process ", pid, " is gone");
    return await_status(name, pid);
}

std::string stop(const std::string& name) {
    const pid_t pid = daemon_of(name);
    kill(pid, SIGKILL);
    for (int waited = 0; kill(pid, 0) == 0 && waited < kPatienceMs; waited += 10) sleep_ms(10);
    unlink(status_path(name).c_str());
    unlink(pid_path(name).c_str());
    return "stopped";
}

std::string self_test(const std::string& name) {
    std::string failure;
    const auto expect = [&](const std::string& step, const std::string& got, bool good) {
        if (failure.empty() && !good) failure = "fail: " + step + " gave '" + got + "'";
    };
    const std::string started = start(name);
    expect("start", started, started == "ready");
    for (const char* step : {"first verify", "second verify"}) {
        const std::string status = ask(name, SIGUSR1);
        expect(step, status, status == "pass");
    }
    const std::string damaged = ask(name, SIGUSR2);
    expect("damage", damaged, damaged == "damaged");
    const std::string after = ask(name, SIGUSR1);
    expect("verify after damage", after, after.starts_with("fail: "));
    stop(name);
    return failure.empty() ? "pass (after damage " + after + ")" : failure;
}

struct Command {
    const char* name;
    std::string (*run)(const std::string& state);
    const char* good;  // what a good answer begins with
    bool of_holders = false;
};

constexpr Command kCommands[] = {
    {"start", start, "ready"},
    {"verify", [](const std::string& state) { return ask(state, SIGUSR1); }, "pass"},
    {"damage", [](const std::string& state) { return ask(state, SIGUSR2); }, "damaged"},
    {"stop", stop, "stopped"},
    {"selftest", self_test, "pass"},
    {"hold", hold, "ready", true},
    {"release", stop, "stopped", true},
};

std::vector<std::string> names_of(const auto& kinds) {
    std::vector<std::string> names;
    for (const auto& [name, kind] : kinds) names.push_back(name);
    return names;
}

void list(const auto& kinds) {
    for (const auto& name : names_of(kinds)) std::cout << name << "\n";
}

int run(const Command& command, std::vector<std::string> names) {
    const auto all = command.of_holders ? names_of(holders()) : names_of(registered());
    if (names.empty() && !command.of_holders) names = all;
    bool good = true;
    for (const auto& name : names) {
        std::string status = "fail: there is nothing of that name";
        if (std::ranges::find(all, name) != all.end()) {
            const std::string failure = outcome([&] { status = command.run(name); }, "");
            if (!failure.empty()) status = failure;
        }
        std::cout << name << ": " << status << std::endl;
        good = good && status.starts_with(command.good);
    }
    return good ? 0 : 1;
}
}  // namespace

Registration::Registration(const char* name, Factory factory) {
    registered().emplace(name, factory);
}

HolderRegistration::HolderRegistration(const char* name, Hold hold) {
    holders().emplace(name, hold);
}

static int dispatch(const std::vector<std::string>& arguments) {
    const std::string verb = arguments.empty() ? "" : arguments.front();
    if (verb == "list") {
        list(registered());
        return 0;
    }
    if (verb == "holders") {
        list(holders());
        return 0;
    }
    if (verb == "tell-clocks") return tell_clocks();
    if (verb == "crowd") return crowd({arguments.begin() + 1, arguments.end()});
    for (const auto& command : kCommands)
        if (verb == command.name) return run(command, {arguments.begin() + 1, arguments.end()});
    std::cerr << "usage: guest-states list|start|verify|damage|stop|selftest [NAME...]\n"
                 "       guest-states holders | hold|release NAME...\n"
                 "       guest-states tell-clocks | crowd PROCESSES DESCRIPTORS\n";
    return 2;
}

}  // namespace guest

int main(int argc, char** argv) {
    return guest::dispatch({argv + 1, argv + argc});
}
