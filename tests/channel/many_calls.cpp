// SPDX-License-Identifier: GPL-2.0-only
// A busy link: hundreds of calls of every kind at once, both ways, with small socket buffers and readers that
// take their time. Each is answered or refused; afterwards the link is as good as new.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <random>
#include <thread>

#include "channel/link.hpp"
#include "tests/channel/ends.hpp"

using namespace nap;
using namespace nap::channel;
using namespace nap::channel::test;
using namespace std::chrono_literals;

namespace {

class ManyCalls : public testing::Test {
  protected:
    ManyCalls() {
        auto [one, other] = sockets();
        for (const int fd : {one.get(), other.get()})
            for (const int which : {SO_SNDBUF, SO_RCVBUF}) {
                const int small = 4096;
                ::setsockopt(fd, SOL_SOCKET, which, &small, sizeof small);
            }
        client = std::make_unique<Link>(std::move(one), answer, LinkOptions{.starts_even = true});
        server = std::make_unique<Link>(std::move(other), answer);
    }
    ~ManyCalls() override {
        EXPECT_EQ(client->call("echo", {{"a", 1}}, 20s), (Json{{"a", 1}}));
        EXPECT_EQ(server->call("echo", {{"b", 2}}, 20s), (Json{{"b", 2}}));
    }
    std::unique_ptr<Link> client, server;
};

TEST_F(ManyCalls, OverTheLimitAreRefusedAndNothingElseHappens) {
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < 500; ++i) {
        auto call = client->start("wait");
        ASSERT_TRUE(call) << i << ": " << call.error().message;
        calls.push_back(std::move(*call));
    }
    int waiting = 0, refused = 0;
    for (auto& call : calls) {
        auto told = call->send_event({{"go", 1}});
        auto reply = call->finish(30s);
        waiting += reply.has_value();
        refused += !reply && reply.error().kind == ErrorKind::busy;
        EXPECT_TRUE(reply || reply.error().kind == ErrorKind::busy) << reply.error().message;
    }
    EXPECT_GE(waiting, 64);
    EXPECT_EQ(waiting + refused, 500);
}

// One call of a kind that chance names; whether it ended as it should.
bool one_call(Link& link, unsigned seed) {
    std::minstd_rand random(seed);
    const auto busy = [](const Error& error) { return error.kind == ErrorKind::busy; };
    switch (random() % 6) {
        case 0: {
            auto reply = link.call("echo", {{"k", seed}}, 60s);
            return reply ? reply->at("k") == seed : busy(reply.error());
        }
        case 1: {  // given up
            auto call = link.start("wait");
            return call.has_value();
        }
        case 2: {  // read slowly
            auto call = link.start("source", {{"bytes", 300'000}});
            if (!call) return false;
            for (std::uint64_t bytes = 0;;) {
                auto incoming = (*call)->receive(60s);
                if (!incoming) return false;
                if (auto* reply = std::get_if<Reply>(&*incoming))
                    return reply->result ? bytes == 300'000 : busy(reply->result.error());
                if (auto* data = std::get_if<Data>(&*incoming)) bytes += data->bytes.size();
                std::this_thread::sleep_for(std::chrono::milliseconds(random() % 3));
            }
        }
        case 3: {
            auto call = link.start("sink");
            std::vector<std::byte> block(200'000);
            if (!call) return false;
            (void)(*call)->send(block);
            (void)(*call)->send_end();
            auto reply = (*call)->finish(60s);
            return reply ? *reply == 200'000 : busy(reply.error());
        }
        case 4: {  // left in the middle of what comes
            auto call = link.start("source", {{"bytes", 5'000'000}});
            return call && ((*call)->receive(60s) || true);
        }
        default: {
            auto call = link.start("progress", {{"events", 200}});
            int events = 0;
            if (!call) return false;
            auto reply = (*call)->finish(60s, [&](const Json&) { ++events; });
            return reply ? events == 200 : busy(reply.error());
        }
    }
}

TEST_F(ManyCalls, OfEveryKindBothWays) {
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 24; ++i)
        threads.emplace_back([&, i] {
            for (unsigned k = 0; k < 20; ++k)
                if (!one_call(i % 2 ? *client : *server, i * 1000 + k)) ++wrong;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

// Threads that end just while the reading one looks which have ended.
TEST_F(ManyCalls, ThatAreAnsweredAtOnce) {
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 1500; ++k)
                if (!server->call("echo", {{"k", k}}, 60s)) ++wrong;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(Activity, IsToldWhenNoAnswerComes) {
    auto [one, other] = sockets();
    Link link(std::move(one), answer, LinkOptions{.starts_even = true});
    const auto silent = link.call("echo", Json::object(), 50ms);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().kind, ErrorKind::timeout);
    EXPECT_TRUE(silent.error().message.contains("received nothing")) << silent.error().message;
}

}  // namespace
