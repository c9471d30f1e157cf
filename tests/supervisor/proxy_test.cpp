// SPDX-License-Identifier: GPL-2.0-only
// The cli's calls passed on to an agent in the hands of an enemy.
#include "supervisor/proxy.hpp"

#include <gtest/gtest.h>

#include "tests/channel/hostile_peer.hpp"

namespace nap::supervisor {
namespace {

using namespace std::chrono_literals;
using channel::FrameType;
using channel::Json;
using test::HostileLink;
using test::HostilePeer;

// cli -> supervisor (pass_on) -> agent
class Proxy {
  public:
    explicit Proxy(std::function<void(HostilePeer&)> behaviour) : agent_(std::move(behaviour)) {
        int ends[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
        supervisor_ = std::make_unique<channel::Link>(
            UniqueFd(ends[0]),
            [this](const std::string& method, const Json& params, channel::Call& call) {
                return pass_on(call, *agent_.link, method, params);
            },
            channel::LinkOptions{.starts_even = true});
        cli = std::make_unique<channel::Link>(UniqueFd(ends[1]), channel::Handler{});
    }
    ~Proxy() {
        cli.reset();
        supervisor_.reset();
    }
    std::unique_ptr<channel::Link> cli;

  private:
    HostileLink agent_;
    std::unique_ptr<channel::Link> supervisor_;
};

TEST(HostileProxy, GarbageBecomesAnError) {
    Proxy proxy([](HostilePeer& peer) {
        peer.hear_call();
        peer.say(std::string(1000, '\xee'));
        peer.wait_for_end();
    });
    EXPECT_FALSE(proxy.cli->call("exec", {{"argv", {"true"}}}, 60s));
    EXPECT_TRUE(proxy.cli->up());
}

TEST(HostileProxy, AgentThatGoesAwayBecomesAnError) {
    Proxy proxy([](HostilePeer& peer) { peer.hear_call(); });
    EXPECT_FALSE(proxy.cli->call("get", {{"path", "/"}}, 60s));
}

TEST(HostileProxy, EventsAndDataPassWhateverTheyAre) {
    Proxy proxy([](HostilePeer& peer) {
        auto call = peer.hear_call();
        peer.say(FrameType::event, call, "[[[]]]");
        peer.say(FrameType::data, call, "out", 1);
        peer.say(FrameType::end, call, {}, 1);
        peer.reply(call, "[null]");
        peer.wait_for_end();
    });
    EXPECT_EQ(proxy.cli->call("exec", Json::object(), 60s), Json::parse("[null]"));
}

// The agent sends as fast as it may, the cli reads nothing: what waits in the supervisor is bounded.
TEST(HostileProxy, FloodWaitsForTheClient) {
    Proxy proxy([](HostilePeer& peer) {
        auto call = peer.hear_call();
        const std::string block(60'000, 'x');
        std::int64_t credit = channel::Link::kWindow;
        for (;;) {
            while (credit >= static_cast<std::int64_t>(block.size()) + 12) {
                if (!peer.say(FrameType::data, call, block, 1)) return;
                credit -= static_cast<std::int64_t>(block.size()) + 12;
            }
            auto frame = peer.hear();
            if (frame.call == 0) return;
            if (frame.type == FrameType::credit && frame.part == 0)
                credit += channel::decode_u32(std::span(frame.payload).first<4>());
        }
    });
    auto before = test::own_status("VmRSS");
    auto call = proxy.cli->start("exec");
    ASSERT_TRUE(call);
    std::this_thread::sleep_for(1s);
    EXPECT_LT(test::own_status("VmRSS") - before, 32 << 10);
    // The client takes some and goes
    for (int i = 0; i < 100; ++i) ASSERT_TRUE((*call)->receive(60s));
}

TEST(HostileProxy, SilenceEndsWithTheClient) {
    Proxy proxy([](HostilePeer& peer) { peer.wait_for_end(); });
    auto call = proxy.cli->start("exec");
    ASSERT_TRUE(call);
    EXPECT_EQ((*call)->receive(100ms).error().kind, ErrorKind::timeout);
}

}  // namespace
}  // namespace nap::supervisor
