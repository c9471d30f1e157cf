// SPDX-License-Identifier: GPL-2.0-only
#include "crowd.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "harness.hpp"

namespace guest {

namespace {

// As a server has them: connections, files, pipes, events.
void open_some(int count) {
    for (int i = 0; i < count;) {
        int pair[2];
        switch (i / 2 % 4) {
            case 0:
                check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
                i += 2;
                break;
            case 1:
                check(pipe(pair), "pipe");
                i += 2;
                break;
            case 2:
                check(open("/etc/passwd", O_RDONLY), "open");
                ++i;
                break;
            default:
                check(eventfd(0, 0), "eventfd");
                ++i;
        }
    }
}

}  // namespace

int crowd(const std::vector<std::string>& arguments) {
    require(arguments.size() == 2, "usage: guest-states crowd PROCESSES DESCRIPTORS");
    const int processes = std::atoi(arguments[0].c_str()), descriptors = std::atoi(arguments[1].c_str());
    const rlimit many{1 << 20, 1 << 20};
    check(setrlimit(RLIMIT_NOFILE, &many), "setrlimit");
    int ready[2];
    check(pipe(ready), "pipe");
    for (int i = 0; i < processes; ++i) {
        if (check(fork(), "fork") != 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        open_some(descriptors);
        write_exactly(ready[1], "x", "the pipe");
        for (;;) pause();
    }
    for (int i = 0; i < processes; ++i) read_exactly(ready[0], 1, "the pipe");
    std::cout << "ready" << std::endl;
    std::string line;
    while (std::getline(std::cin, line)) {
    }
    return 0;
}

}  // namespace guest
