// SPDX-License-Identifier: GPL-2.0-only
// The agent: /init of every generation. Process 1 boots, then only reaps orphans, keeps the agent proper
// running and watches over it. The agent is a process of its own: it waits for its own children, and its
// death is not the kernel's.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <string_view>

#include "agent/calls/log.hpp"
#include "agent/calls/serve.hpp"
#include "agent/freezing/watchdog.hpp"
#include "agent/machine/boot.hpp"
#include "agent/modules/autoload.hpp"

namespace {

using nap::agent::log;

pid_t start_agent() {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::execl("/proc/self/exe", "nap-agent", "serve", nullptr);
    ::_exit(127);
}

[[noreturn]] void keep_running() {
    struct sigaction interrupt {};  // a child's end ends a sleep, nothing else
    interrupt.sa_handler = [](int) {};
    ::sigaction(SIGCHLD, &interrupt, nullptr);
    for (pid_t agent = start_agent();;) {
        const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
        if (ended == 0) {
            ::sleep(1);
            nap::agent::watch(agent);
            continue;
        }
        if (ended != agent && !(ended < 0 && agent < 0)) continue;
        log("the agent ended; it is started again");
        ::sleep(1);
        agent = start_agent();
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc > 0 && nap::agent::called_as_modprobe(argv[0])) return nap::agent::execute_modprobe(argv);
        if (argc > 1 && std::string_view(argv[1]) == "serve") nap::agent::serve();
        if (::getpid() != 1) {
            log("this program is /init of a machine's kernel; it does nothing elsewhere");
            return 2;
        }
        nap::agent::boot();
    } catch (const std::exception& error) {
        log(error.what());
        if (::getpid() != 1) return 1;
    }
    keep_running();
}
