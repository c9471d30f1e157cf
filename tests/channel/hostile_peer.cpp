// SPDX-License-Identifier: GPL-2.0-only
// A peer that breaks the rules, speaking frames itself.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>

#include "channel/frame.hpp"
#include "channel/link.hpp"
#include "tests/channel/ends.hpp"

using namespace nap;
using namespace nap::channel;
using namespace nap::channel::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

class HostilePeer : public testing::Test {
  protected:
    HostilePeer() {
        auto [one, other] = sockets();
        peer = std::move(other);
        link = std::make_unique<Link>(std::move(one), answer,
                                      LinkOptions{.calls_at_once = 4, .on_down = [this](const Error& error) {
                                                      std::lock_guard lock(mutex);
                                                      down = error;
                                                      changed.notify_all();
                                                  }});
    }
    ~HostilePeer() override { link.reset(); }

    void put(FrameType type, std::uint32_t call, std::string_view payload = "", std::uint8_t part = 0) {
        auto bytes = as_bytes(payload);
        auto frame = encode({type, part, call, {bytes.begin(), bytes.end()}});
        (void)!::send(peer.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
    }
    Frame get() {
        for (;;) {
            auto frame = decoder.next();
            if (frame && *frame) return **frame;
            std::byte buffer[4096];
            ssize_t got = ::read(peer.get(), buffer, sizeof buffer);
            if (got <= 0) return {FrameType::abandon};
            decoder.feed(std::span(buffer, static_cast<std::size_t>(got)));
        }
    }
    void expect_down() {
        std::unique_lock lock(mutex);
        ASSERT_TRUE(changed.wait_for(lock, 10s, [&] { return down.has_value(); }));
        EXPECT_EQ(down->kind, ErrorKind::protocol) << down->message;
    }
    UniqueFd peer;
    Decoder decoder;
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Error> down;
    std::unique_ptr<Link> link;
};

constexpr auto kWait = R"({"method":"wait"})";

TEST_F(HostilePeer, Garbage) {
    (void)write_all(peer.get(), std::string(100, 'x'));
    expect_down();
}

TEST_F(HostilePeer, ANumberOfOurs) {
    put(FrameType::request, 1, kWait);
    expect_down();
}

TEST_F(HostilePeer, ANumberInUse) {
    put(FrameType::request, 2, kWait);
    put(FrameType::request, 2, kWait);
    expect_down();
}

TEST_F(HostilePeer, NotJson) {
    put(FrameType::request, 2, "{");
    expect_down();
}

TEST_F(HostilePeer, DeepJson) {
    put(FrameType::request, 2, R"({"method":"echo","params":)" + std::string(100'000, '['));
    expect_down();
}

TEST_F(HostilePeer, NoMethod) {
    put(FrameType::request, 2, R"({"method":1})");
    expect_down();
}

TEST_F(HostilePeer, NotAnObject) {
    put(FrameType::request, 2, "[]");
    expect_down();
}

TEST_F(HostilePeer, MoreDataThanItsCredit) {
    put(FrameType::request, 2, R"({"method":"signals"})");
    for (std::size_t i = 0; i < 17; ++i) put(FrameType::data, 2, std::string(64 << 10, 'x'));
    expect_down();
}

TEST_F(HostilePeer, TinyDataCostsItsHeader) {
    put(FrameType::request, 2, R"({"method":"signals"})");
    for (std::size_t i = 0; i < Link::kWindow / 13 + 1; ++i) put(FrameType::data, 2, "x");
    expect_down();
}

TEST_F(HostilePeer, MoreEventsThanItsCredit) {
    auto call = link->start("x");
    for (std::size_t i = 0; i < Link::kEventWindow / 14 + 1; ++i) put(FrameType::event, 1, "{}");
    expect_down();
}

TEST_F(HostilePeer, DataAfterTheEnd) {
    put(FrameType::request, 2, R"({"method":"signals"})");
    put(FrameType::end, 2);
    put(FrameType::data, 2, "x");
    expect_down();
}

TEST_F(HostilePeer, ReplyToItsOwnCall) {
    put(FrameType::request, 2, kWait);
    put(FrameType::reply, 2, "{}");
    expect_down();
}

TEST_F(HostilePeer, BadReply) {
    auto call = link->start("x");
    put(FrameType::reply, 1, "{");
    EXPECT_EQ((*call)->finish(10s).error().kind, ErrorKind::protocol);
    expect_down();
}

TEST_F(HostilePeer, ReplyOfAnotherForm) {
    auto call = link->start("x");
    put(FrameType::reply, 1, "[]");
    EXPECT_EQ((*call)->finish(10s).error().kind, ErrorKind::protocol);
    EXPECT_TRUE(link->up());
}

TEST_F(HostilePeer, FramesOfNoCallAreIgnored) {
    put(FrameType::data, 2, "late");
    put(FrameType::event, 1, "{}");
    put(FrameType::reply, 1, "{}");
    put(FrameType::abandon, 2);
    put(FrameType::credit, 1, std::string(4, '\xff'));
    put(FrameType::request, 2, R"({"method":"echo"})");
    EXPECT_EQ(get().type, FrameType::reply);
}

TEST_F(HostilePeer, EndlessCreditDoesNotOverflow) {
    auto call = link->start("x");
    for (int i = 0; i < 100; ++i) put(FrameType::credit, 1, std::string(4, '\xff'));
    put(FrameType::reply, 1, R"({"result":1})");
    EXPECT_EQ((*call)->finish(10s), 1);
}

TEST_F(HostilePeer, CallsOverTheLimitAreRefusedThenTheLinkEnds) {
    for (std::uint32_t i = 0; i < 4; ++i) put(FrameType::request, 2 + 2 * i, kWait);
    put(FrameType::request, 100, kWait);
    auto reply = get();
    EXPECT_EQ(reply.call, 100u);
    EXPECT_THAT(std::string(reinterpret_cast<const char*>(reply.payload.data()), reply.payload.size()),
                HasSubstr("busy"));
    EXPECT_TRUE(link->up());
}

}  // namespace
