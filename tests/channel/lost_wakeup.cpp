// SPDX-License-Identifier: GPL-2.0-only
// A port whose interrupts get lost: what came in is there, and poll(2) never tells.
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "channel/link.hpp"
#include "tests/channel/ends.hpp"

namespace {
std::atomic<int> deaf = -1;  // of this descriptor nothing is heard
}

// In place of the C library's, which is declared as if it only wrote there.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
extern "C" int poll(pollfd* descriptors, nfds_t count, int limit_ms) {
    pollfd asked[8];
    const bool masked = count > 0 && count <= 8 && descriptors[0].fd >= 0 && descriptors[0].fd == deaf &&
                        descriptors[0].events == POLLIN && limit_ms != 0;
    if (!masked) return static_cast<int>(::syscall(SYS_poll, descriptors, count, limit_ms));
    std::copy_n(descriptors, count, asked);
    asked[0].fd = -1;
    const auto ready = ::syscall(SYS_poll, asked, count, limit_ms);
    for (nfds_t i = 0; i < count; ++i) descriptors[i].revents = asked[i].revents;
    return static_cast<int>(ready);
}

using namespace nap;
using namespace nap::channel;
using namespace nap::channel::test;
using namespace std::chrono_literals;

TEST(LostWakeup, APortIsReadAllTheSame) {
    int master = -1, slave = -1;
    termios raw{};
    ::cfmakeraw(&raw);
    ASSERT_EQ(::openpty(&master, &slave, nullptr, &raw, nullptr), 0);
    deaf = master;
    {
        const Link agent(UniqueFd(master), answer, LinkOptions{.reconnects = true});
        Link host(UniqueFd(slave), answer, LinkOptions{.starts_even = true});
        for (int i = 0; i < 3; ++i) EXPECT_EQ(host.call("echo", {{"x", i}}, 5s), (Json{{"x", i}}));
    }
    deaf = -1;
}
