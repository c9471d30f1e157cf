// SPDX-License-Identifier: GPL-2.0-only
#include "channel/link.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "tests/channel/ends.hpp"

using namespace nap;
using namespace nap::channel;
using namespace nap::channel::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

class Links : public testing::Test {
  protected:
    Links() {
        auto [one, other] = sockets();
        client = std::make_unique<Link>(std::move(one), answer, LinkOptions{.starts_even = true});
        server = std::make_unique<Link>(std::move(other), answer);
    }
    std::unique_ptr<Link> client, server;
};

TEST_F(Links, CallsInBothDirections) {
    EXPECT_EQ(client->call("echo", {{"a", 1}}, 10s), (Json{{"a", 1}}));
    EXPECT_EQ(server->call("echo", {{"b", 2}}, 10s), (Json{{"b", 2}}));
    EXPECT_TRUE(client->up());
}

TEST_F(Links, ManyCallsFromManyThreads) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            auto& link = i % 2 ? *client : *server;
            for (int k = 0; k < 50; ++k)
                EXPECT_EQ(link.call("echo", {{"k", i * 1000 + k}}, 30s)->at("k"), i * 1000 + k);
        });
    for (auto& thread : threads) thread.join();
}

TEST_F(Links, ErrorsComeBackWithTheirKind) {
    auto refused = client->call("refuse", {}, 10s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_EQ(refused.error().message, "not today");
    EXPECT_EQ(client->call("nonsense", {}, 10s).error().kind, ErrorKind::not_found);
    EXPECT_EQ(client->call("throw", Json::object(), 10s).error().kind, ErrorKind::internal);
    EXPECT_TRUE(client->up());
}

TEST_F(Links, EventsArriveInOrder) {
    auto call = client->start("progress", {{"events", 20'000}});
    ASSERT_TRUE(call);
    int next = 0;
    EXPECT_EQ((*call)->finish(60s, [&](const Json& event) { EXPECT_EQ(event.at("step"), next++); }), "done");
    EXPECT_EQ(next, 20'000);
}

TEST_F(Links, AHundredMegabytesBothWaysAtOnce) {
    constexpr std::uint64_t kBytes = 100'000'000;
    auto up = client->start("sink");
    auto down = client->start("source", {{"bytes", kBytes}});
    auto back = server->start("source", {{"bytes", kBytes}});
    std::thread sender([&] {
        std::vector<std::byte> block(1'000'000);
        for (std::uint64_t sent = 0; sent < kBytes; sent += block.size()) ASSERT_TRUE((*up)->send(block));
        ASSERT_TRUE((*up)->send_end());
    });
    auto count = [](Call& call) {
        std::uint64_t bytes = 0;
        for (;;) {
            auto incoming = call.receive(60s);
            if (!incoming || std::holds_alternative<Reply>(*incoming)) return bytes;
            if (auto data = std::get_if<Data>(&*incoming)) bytes += data->bytes.size();
        }
    };
    std::uint64_t got_back = 0;
    std::thread receiver([&] { got_back = count(**back); });
    EXPECT_EQ(count(**down), kBytes);
    sender.join();
    receiver.join();
    EXPECT_EQ(got_back, kBytes);
    EXPECT_EQ((*up)->finish(60s), kBytes);
}

TEST_F(Links, ASlowReceiverHoldsUpItsOwnCallOnly) {
    auto call = client->start("source", {{"bytes", 20'000'000}});
    ASSERT_TRUE(call);
    std::this_thread::sleep_for(100ms);
    EXPECT_TRUE(client->call("echo", {}, 10s)) << "others go on";
    std::uint64_t bytes = 0;
    for (;;) {
        auto incoming = (*call)->receive(10s);
        ASSERT_TRUE(incoming);
        if (auto data = std::get_if<Data>(&*incoming)) bytes += data->bytes.size();
        if (std::holds_alternative<Reply>(*incoming)) break;
    }
    EXPECT_EQ(bytes, 20'000'000u);
}

TEST_F(Links, SignalsOvertakeDataNobodyReads) {
    auto call = client->start("signals");
    std::vector<std::byte> window(Link::kWindow - 100'000);
    ASSERT_TRUE((*call)->send(window));
    ASSERT_TRUE((*call)->send_event({{"signal", 2}}));
    EXPECT_EQ((*call)->finish(10s), (Json{{"signal", 2}}));
}

TEST_F(Links, TimeoutsNameTheMethodAndLeaveTheLinkUp) {
    auto late = client->call("wait", {}, 50ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::timeout);
    EXPECT_THAT(late.error().message, HasSubstr("wait"));
    EXPECT_TRUE(client->call("echo", {}, 10s));
}

TEST_F(Links, AbandonedCallsEndAtTheOtherSide) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<ErrorKind> received, sent;
    auto [one, other] = sockets();
    Link caller(std::move(one), {}, {.starts_even = true});
    Link answering(std::move(other), [&](const std::string&, const Json&, Call& call) -> Result<Json> {
        auto incoming = call.receive(60s);
        auto put = call.send(std::vector<std::byte>(10));
        std::lock_guard lock(mutex);
        if (!incoming) received = incoming.error().kind;
        if (!put) sent = put.error().kind;
        changed.notify_all();
        return "nobody hears this";
    });
    (void)caller.start("anything");
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 10s, [&] { return received && sent; }));
    EXPECT_EQ(received, ErrorKind::not_found);
    EXPECT_EQ(sent, ErrorKind::not_found);
    EXPECT_TRUE(caller.up());
}

TEST_F(Links, SendingToACallThatWasAnsweredFailsAndFinishTellsWhy) {
    auto call = client->start("refuse");
    std::vector<std::byte> block(1'000'000);
    Result<> sent;
    for (int i = 0; i < 100 && sent; ++i) sent = (*call)->send(block);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::not_found);
    EXPECT_EQ((*call)->finish(10s).error().kind, ErrorKind::refused);
}

TEST_F(Links, DestructionInTheMiddleEndsCallsOnBothSides) {
    auto waiting = client->start("wait");
    auto flowing = client->start("source", {{"bytes", 1ULL << 40}});
    auto ours = server->start("wait");
    std::thread killer([&] {
        std::this_thread::sleep_for(50ms);
        server.reset();
    });
    EXPECT_EQ((*waiting)->finish(10s).error().kind, ErrorKind::io);
    EXPECT_EQ((*flowing)->finish(10s).error().kind, ErrorKind::io);
    killer.join();
    EXPECT_EQ((*ours)->finish(10s).error().kind, ErrorKind::io) << "a call outlives its link";
    EXPECT_EQ(client->start("echo").error().kind, ErrorKind::io);
    EXPECT_FALSE(client->up());
}

TEST_F(Links, ReplyBeforeTheEndOfTheLinkIsStillThere) {
    auto call = client->start("echo", {{"x", 1}});
    std::this_thread::sleep_for(100ms);
    server.reset();
    EXPECT_EQ((*call)->finish(10s), (Json{{"x", 1}}));
}

TEST_F(Links, TooLongAnAnswerIsAnError) {
    std::string text(2 << 20, 'x');
    EXPECT_EQ(client->call("echo", text, 10s).error().kind, ErrorKind::usage) << "parameters";
    auto [one, other] = sockets();
    Link caller(std::move(one), {}, {.starts_even = true});
    Link answering(std::move(other), [&](auto&, auto&, auto&) -> Result<Json> { return text; });
    EXPECT_EQ(caller.call("long", {}, 10s).error().kind, ErrorKind::resources);
    EXPECT_TRUE(caller.up());
}

TEST(LinkDown, IsToldOnceAndNotForOurOwnWish) {
    std::atomic<int> told = 0;
    auto count = [&](const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::io);
        ++told;
    };
    auto [one, other] = sockets();
    {
        Link link(std::move(one), {}, {.on_down = count});
        other.reset();
        while (link.up()) std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(told, 1);
    auto [third, fourth] = sockets();
    { Link link(std::move(third), {}, {.on_down = count}); }
    EXPECT_EQ(told, 1);
}

TEST(LinkDown, IsFinishedOnceNothingIsAnswered) {
    std::atomic<bool> go_on = false, done = false;
    auto [one, other] = sockets();
    auto caller = std::make_unique<Link>(std::move(one), nullptr, LinkOptions{.starts_even = true});
    Link answering(std::move(other), [&](auto&, auto&, auto&) -> Result<Json> {
        while (!go_on) std::this_thread::sleep_for(1ms);
        done = true;
        return Json{};
    });
    auto call = caller->start("long");
    ASSERT_TRUE(call);
    call->reset();
    caller.reset();
    while (answering.up()) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(answering.finished()) << "its handler still runs";
    go_on = true;
    while (!answering.finished()) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(done);
}

TEST(LinkDown, AStalledPeerIsATimeout) {
    auto [one, other] = sockets();
    Link link(std::move(one), {}, {.stall_limit = 100ms});
    auto call = link.start("never read");
    std::vector<std::byte> block(8 << 20);
    auto sent = (*call)->send(block);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::timeout);
}

}  // namespace
