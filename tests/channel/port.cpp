// SPDX-License-Identifier: GPL-2.0-only
// A port whose host comes and goes: a pty, whose master reads EIO and hangs up while no slave is open.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>

#include <atomic>
#include <thread>

#include "channel/link.hpp"
#include "tests/channel/ends.hpp"

using namespace nap;
using namespace nap::channel;
using namespace nap::channel::test;
using namespace std::chrono_literals;

namespace {

class Port : public testing::Test {
  protected:
    Port() {
        int master = -1, slave = -1;
        termios raw{};
        ::cfmakeraw(&raw);
        EXPECT_EQ(::openpty(&master, &slave, name, &raw, nullptr), 0);
        agent = std::make_unique<Link>(UniqueFd(master), answer,
                                       LinkOptions{.reconnects = true, .on_down = [this](auto&) { ++lost; }});
        host = std::make_unique<Link>(UniqueFd(slave), answer, LinkOptions{.starts_even = true});
    }
    void come_back() {
        UniqueFd slave(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(slave);
        host = std::make_unique<Link>(std::move(slave), answer, LinkOptions{.starts_even = true});
    }
    char name[100];
    std::atomic<int> lost = 0;
    std::unique_ptr<Link> agent, host;
};

TEST_F(Port, TheHostComesAndGoes) {
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(host->call("echo", {{"x", round}}, 10s), (Json{{"x", round}}));
        EXPECT_EQ(agent->call("echo", {{"y", round}}, 10s), (Json{{"y", round}}));
        auto call = agent->start("wait");
        host.reset();
        EXPECT_EQ((*call)->finish(10s).error().kind, ErrorKind::io);
        EXPECT_TRUE(agent->up());
        while (lost == round) std::this_thread::sleep_for(1ms);
        EXPECT_EQ(lost, round + 1);
        come_back();
    }
}

TEST_F(Port, HandlersOfTheHostBeforeDoNotSpeakToTheNext) {
    auto call = host->start("wait");
    ASSERT_TRUE(call);
    std::this_thread::sleep_for(50ms);
    host.reset();
    while (lost == 0) std::this_thread::sleep_for(1ms);
    come_back();
    EXPECT_EQ(host->call("echo", {{"x", 1}}, 10s), (Json{{"x", 1}}));  // same number as the call before
}

TEST_F(Port, GoesDownWhenWeSaySoWhileTheHostIsAway) {
    host.reset();
    while (lost == 0) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(agent->call("echo", {}, 100ms));
    agent.reset();
}

TEST_F(Port, AWriterIsNotStuckWhenTheHostGoes) {
    std::thread sender([&] {
        auto call = agent->start("signals");
        std::vector<std::byte> block(4 << 20);
        if (!call) return;
        auto sent = (*call)->send(block);
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().kind, ErrorKind::io);
    });
    std::this_thread::sleep_for(50ms);
    host.reset();
    sender.join();
}

}  // namespace
