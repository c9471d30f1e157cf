// SPDX-License-Identifier: GPL-2.0-only
// Load: servers and their clients on one machine. Each request is a connection of its own: connect, ask, read
// the answer to its end. What goes wrong with one is a request lost.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace busy {

// In memory that clients and whoever asks share.
struct Account {
    std::atomic<std::uint64_t> answered, lost;
    pid_t group;
    char first_loss[200];
};

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
};

// "tcp", "tcp6", "unix", "seqpacket": number `index` of its listeners, bound.
int open_listener(const std::string& kind, const std::string& directory, int index, Address& address);

// Accepts, answers, closes; never returns.
[[noreturn]] void serve(int listener);
// A request every `period_ns`; one that is late is not made up for. Never returns.
[[noreturn]] void ask(const Address& address, std::int64_t period_ns, Account& account);

}  // namespace busy
