// SPDX-License-Identifier: GPL-2.0-only
#include "channel/link.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "channel/frame.hpp"

using namespace nap;
using namespace nap::channel;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

struct Pair {
    UniqueFd one, other;
};

Pair sockets() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// What the answering side of these tests can do.
Result<Json> answer(const std::string& method, const Json& params, Call& call) {
    if (method == "echo") return params;
    if (method == "refuse") return fail(ErrorKind::refused, "not today");
    if (method == "throw") return params.at("missing");
    if (method == "sink") {  // counts data up to the end
        std::uint64_t count = 0;
        for (;;) {
            NAP_TRY(auto incoming, call.receive(60s));
            if (auto data = std::get_if<Data>(&incoming)) count += data->bytes.size();
            if (std::holds_alternative<End>(incoming)) return count;
        }
    }
    if (method == "source") {  // sends that many bytes
        std::vector<std::byte> block(100'000, std::byte{'x'});
        for (std::uint64_t left = params.value("bytes", 0ULL); left > 0;) {
            auto count = std::min<std::uint64_t>(left, block.size());
            NAP_CHECK(call.send(std::span(block).first(count), 1));
            left -= count;
        }
        NAP_CHECK(call.send_end(1));
        return "sent";
    }
    if (method == "wait") {  // until something comes
        NAP_TRY(auto incoming, call.receive(60s));
        return incoming.index();
    }
    if (method == "signals") {  // takes events only
        NAP_TRY(auto event, call.receive_event(60s));
        return event.content;
    }
    if (method == "progress") {
        for (int i = 0; i < params.value("events", 0); ++i) NAP_CHECK(call.send_event({{"step", i}}));
        return "done";
    }
    return fail(ErrorKind::not_found, "there is no method " + method);
}

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

TEST(LinkDown, AStalledPeerIsATimeout) {
    auto [one, other] = sockets();
    Link link(std::move(one), {}, {.stall_limit = 100ms});
    auto call = link.start("never read");
    std::vector<std::byte> block(8 << 20);
    auto sent = (*call)->send(block);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::timeout);
}

// --- a peer that breaks the rules, speaking frames itself

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

// --- a port whose host comes and goes: a pty, whose master reads EIO and hangs up while no slave is open

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

// --- unix sockets

TEST(UnixSocket, ListensConnectsAndReplacesAStaleOne) {
    char name[] = "/tmp/nap-sock-XXXXXX";
    std::string directory = ::mkdtemp(name), path = directory + "/s";
    EXPECT_EQ(connect_unix(path).error().kind, ErrorKind::not_found);
    {
        auto listener = listen_unix(path);
        ASSERT_TRUE(listener);
        EXPECT_EQ(listen_unix(path).error().kind, ErrorKind::busy);
        auto one = connect_unix(path);
        EXPECT_TRUE(one);
        EXPECT_TRUE(accept_unix(listener->get()));
    }
    EXPECT_EQ(connect_unix(path).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(listen_unix(path));
    auto longer = connect_unix("/tmp/" + std::string(103, 'x'));
    EXPECT_EQ(longer.error().kind, ErrorKind::usage);
    EXPECT_THAT(longer.error().message, HasSubstr("xxx"));
    EXPECT_EQ(connect_unix("/tmp/" + std::string(102, 'x')).error().kind, ErrorKind::not_found);
    ::unlink(path.c_str());
    ::rmdir(directory.c_str());
}

}  // namespace
