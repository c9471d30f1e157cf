// SPDX-License-Identifier: GPL-2.0-only
// A peer that ends while the connection stays, as a guest's agent does: QEMU is between the two.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "channel/link.hpp"
#include "tests/channel/ends.hpp"

using namespace nap;
using namespace nap::channel;
using namespace nap::channel::test;
using namespace std::chrono_literals;

namespace {

class LostPeer : public testing::Test {
  protected:
    LostPeer() {
        auto [near, far] = sockets();
        host = std::make_unique<Link>(std::move(near), answer,
                                      LinkOptions{.starts_even = true,
                                                  .redial = [this] { return dial(); },
                                                  .on_down = [this](auto&) { ++down; }});
        held = std::move(far);
    }
    Result<UniqueFd> dial() {
        if (unreachable) return fail(ErrorKind::io, "nobody listens");
        auto [near, far] = sockets();
        agent = std::make_unique<Link>(std::move(far), answer);
        return std::move(near);
    }
    void lose() { host->lose_peer(Error{ErrorKind::io, "the agent ended"}); }

    std::atomic<int> down = 0;
    bool unreachable = false;
    UniqueFd held;  // of the agent that never answers
    std::unique_ptr<Link> agent, host;
};

TEST_F(LostPeer, EndsTheCallsUnderWayAndTheNextAreAnswered) {
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < 5; ++i) calls.push_back(*host->start("echo"));
    lose();
    for (auto& call : calls) {
        auto reply = call->finish(20s);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().kind, ErrorKind::io);
        EXPECT_EQ(reply.error().message, "the agent ended");
    }
    while (down == 0) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(host->call("echo", {{"x", 1}}, 20s), (Json{{"x", 1}}));
    EXPECT_TRUE(host->up());
}

TEST_F(LostPeer, HalfAFrameOfTheOldOneIsNotReadWithTheNew) {
    const std::byte half[] = {std::byte{1}, std::byte{0}, std::byte{0}};
    ASSERT_TRUE(write_all(held.get(), half));
    std::this_thread::sleep_for(20ms);
    lose();
    while (down == 0) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(host->call("echo", {{"x", 2}}, 20s), (Json{{"x", 2}}));
}

TEST_F(LostPeer, AgainAndAgainWhileOthersCall) {
    lose();
    std::atomic<bool> enough = false;
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i)
        callers.emplace_back([&] {
            while (!enough) {
                auto reply = host->call("echo", {{"x", 3}}, 20s);
                EXPECT_TRUE(reply || reply.error().kind == ErrorKind::io) << reply.error().message;
            }
        });
    for (int i = 0; i < 200; ++i) {
        std::this_thread::sleep_for(1ms);
        lose();
    }
    enough = true;
    for (auto& caller : callers) caller.join();
    EXPECT_TRUE(host->up());
}

TEST_F(LostPeer, TheLinkGoesDownWhereNobodyIsThere) {
    auto call = host->start("echo");
    unreachable = true;
    lose();
    auto reply = (*call)->finish(20s);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().message, "the agent ended; nobody listens");
    while (host->up()) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(host->start("echo"));
}

}  // namespace
