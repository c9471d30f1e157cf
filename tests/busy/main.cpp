// SPDX-License-Identifier: GPL-2.0-only
// busy-work start DIRECTORY KIND RATE: servers and clients of one kind, as daemons, RATE connections a second
// in all. busy-work tell DIRECTORY KIND: "ANSWERED LOST the first that was lost"; stop ends them.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "load.hpp"

namespace busy {
namespace {

constexpr int kPairs = 4;

Account* map_account(const std::string& path, int flags) {
    const int fd = open(path.c_str(), flags, 0644);
    if (fd < 0) return nullptr;
    if ((flags & O_CREAT) != 0 && ftruncate(fd, sizeof(Account)) != 0) return nullptr;
    void* mapped = mmap(nullptr, sizeof(Account), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return mapped == MAP_FAILED ? nullptr : static_cast<Account*>(mapped);
}

// All processes are of one group, the account's.
int start(const std::string& kind, double rate, const std::string& directory) {
    mkdir(directory.c_str(), 0755);
    Account* account = map_account(directory + "/account-" + kind, O_RDWR | O_CREAT | O_TRUNC);
    if (account == nullptr || rate <= 0) return 1;
    Address addresses[kPairs];
    int listeners[kPairs];
    for (int i = 0; i < kPairs; ++i) listeners[i] = open_listener(kind, directory, i, addresses[i]);
    if (fork() != 0) return 0;
    account->group = setsid();
    close_range(0, 2, 0);
    if (open("/dev/null", O_RDWR) == 0 && dup(0) == 1) dup(0);
    for (int i = 0; i < kPairs; ++i) {
        if (fork() == 0) serve(listeners[i]);
        if (fork() == 0) ask(addresses[i], static_cast<std::int64_t>(1e9 * kPairs / rate), *account);
    }
    for (;;) pause();
}

int tell(const std::string& kind, const std::string& directory) {
    const Account* account = map_account(directory + "/account-" + kind, O_RDWR);
    if (account == nullptr) return 1;
    std::printf("%llu %llu %s\n", static_cast<unsigned long long>(account->answered.load()),
                static_cast<unsigned long long>(account->lost.load()), account->first_loss);
    return 0;
}

int stop(const std::string& kind, const std::string& directory) {
    const Account* account = map_account(directory + "/account-" + kind, O_RDWR);
    return account != nullptr && account->group > 1 && kill(-account->group, SIGKILL) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace busy

int main(int argc, char** argv) {
    const std::string verb = argc > 1 ? argv[1] : "";
    if (verb == "start" && argc == 5) return busy::start(argv[3], std::atof(argv[4]), argv[2]);
    if (verb == "tell" && argc == 4) return busy::tell(argv[3], argv[2]);
    if (verb == "stop" && argc == 4) return busy::stop(argv[3], argv[2]);
    std::fputs("usage: busy-work start DIRECTORY KIND RATE | tell|stop DIRECTORY KIND\n", stderr);
    return 2;
}
