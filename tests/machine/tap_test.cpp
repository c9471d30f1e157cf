// SPDX-License-Identifier: GPL-2.0-only
// Tap queues in a network namespace made for the test. Needs root and /dev/net/tun.
#include "machine/network/tap.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/process.hpp"

namespace nap::machine {
namespace {

using testing::HasSubstr;

class Tap : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0 || ::access("/dev/net/tun", R_OK | W_OK) != 0)
            GTEST_SKIP() << "needs root and /dev/net/tun";
        if (ip({"netns", "add", netns}) != 0) GTEST_SKIP() << "cannot make a network namespace";
        made = true;
    }
    void TearDown() override {
        if (made) ip({"netns", "del", netns});
    }
    static int ip(std::vector<std::string> arguments, std::string* out = nullptr) {
        arguments.insert(arguments.begin(), "ip");
        auto output = run({.argv = std::move(arguments)}, std::chrono::seconds(20));
        if (out && output) *out = output->out;
        return output ? output->status : -1;
    }
    int in(std::vector<std::string> arguments, std::string* out = nullptr) {
        arguments.insert(arguments.begin(), {"-n", netns});
        return ip(std::move(arguments), out);
    }
    // An interface whose every sent packet reaches the attached queue.
    void give_address() {
        ASSERT_EQ(in({"addr", "add", "192.0.2.1/24", "dev", "tap0"}), 0);
        ASSERT_EQ(in({"neigh", "add", "192.0.2.2", "lladdr", "52:54:00:00:00:01", "dev", "tap0"}), 0);
    }
    void send_datagram(const std::string& content) {
        run({.argv = {"ip", "netns", "exec", netns, "bash", "-c",
                      "echo -n " + content + " > /dev/udp/192.0.2.2/9"}},
            std::chrono::seconds(20));
    }
    // Whether a packet with that content arrives in the queue.
    static bool receives(const TapQueue& queue, const std::string& content) {
        std::array<char, 4096> packet;
        for (pollfd ready{queue.fd(), POLLIN, 0}; ::poll(&ready, 1, 300) > 0;) {
            auto got = ::read(queue.fd(), packet.data(), packet.size());
            if (got <= 0) return false;
            if (std::string_view(packet.data(), static_cast<std::size_t>(got)).find(content) !=
                std::string::npos)
                return true;
        }
        return false;
    }
    bool made = false;
    std::string netns = "nap-test-" + std::to_string(::getpid());
};

TEST_F(Tap, IsMadeUpAndGoneWithItsLastQueue) {
    {
        auto queue = TapQueue::open("tap0", netns, true);
        ASSERT_TRUE(queue) << queue.error().message;
        std::string out;
        ASSERT_EQ(in({"-d", "link", "show", "tap0"}, &out), 0);
        EXPECT_THAT(out, HasSubstr("multi_queue"));
        EXPECT_THAT(out, HasSubstr("UP"));
        auto second = TapQueue::open("tap0", netns, false);
        ASSERT_TRUE(second);
        queue->detach();
    }
    EXPECT_NE(in({"link", "show", "tap0"}), 0);
    EXPECT_NE(ip({"link", "show", "tap0"}), 0);
}

TEST_F(Tap, OfOneMachineIsNoOtherMachines) {
    auto first = TapQueue::open("tap0", netns, true);
    ASSERT_TRUE(first) << first.error().message;
    {
        auto second = TapQueue::open("tap0", netns, true);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().kind, ErrorKind::busy);
        EXPECT_THAT(second.error().message, HasSubstr("tap0"));
    }
    give_address();
    send_datagram("one");
    EXPECT_TRUE(receives(*first, "one"));
    ASSERT_TRUE(first->detach());
    EXPECT_TRUE(TapQueue::open("tap0", netns, true));
}

TEST_F(Tap, OnlyTheAttachedQueueReceives) {
    auto older = TapQueue::open("tap0", netns, true);
    auto newer = TapQueue::open("tap0", netns, false);
    ASSERT_TRUE(older && newer);
    give_address();
    send_datagram("one");
    EXPECT_TRUE(receives(*older, "one"));
    EXPECT_FALSE(receives(*newer, "one"));

    // Handover, attaching before detaching; what comes then waits in the newer's queue
    ASSERT_TRUE(newer->attach());
    ASSERT_TRUE(older->detach());
    EXPECT_TRUE(newer->attached());
    EXPECT_FALSE(older->attached());
    for (const char* content : {"two", "three"}) send_datagram(content);
    EXPECT_FALSE(receives(*older, "two"));
    EXPECT_TRUE(receives(*newer, "two"));
    EXPECT_TRUE(receives(*newer, "three"));

    // And back
    ASSERT_TRUE(older->attach());
    ASSERT_TRUE(newer->detach());
    send_datagram("four");
    EXPECT_TRUE(receives(*older, "four"));
    EXPECT_FALSE(receives(*newer, "four"));
}

// Facts of the kernel this design rests on.
TEST_F(Tap, DetachedQueueStillSendsAndLosesWhatItHadNotRead) {
    auto older = TapQueue::open("tap0", netns, true);
    auto newer = TapQueue::open("tap0", netns, false);
    ASSERT_TRUE(older && newer);
    give_address();
    send_datagram("unread");
    ASSERT_TRUE(newer->attach());
    ASSERT_TRUE(older->detach());
    EXPECT_FALSE(receives(*older, "unread"));
    EXPECT_FALSE(receives(*newer, "unread"));
    std::array<char, 10 + 60> packet{};  // virtio-net header, Ethernet broadcast
    std::memset(packet.data() + 10, 0xff, 6);
    EXPECT_EQ(::write(older->fd(), packet.data(), packet.size()), static_cast<ssize_t>(packet.size()));
    std::string out;
    ASSERT_EQ(in({"-s", "link", "show", "tap0"}, &out), 0);
    EXPECT_THAT(out, HasSubstr(" 60 ")) << out;
}

TEST_F(Tap, NothingHappensTwice) {
    auto queue = TapQueue::open("tap0", netns, true);
    ASSERT_TRUE(queue);
    EXPECT_TRUE(queue->attach());
    EXPECT_TRUE(queue->detach());
    EXPECT_TRUE(queue->detach());
    EXPECT_TRUE(queue->attach());
}

TEST_F(Tap, OfTheUserIsUsedAndStays) {
    ASSERT_EQ(in({"tuntap", "add", "dev", "tap0", "mode", "tap", "multi_queue"}), 0);
    { ASSERT_TRUE(TapQueue::open("tap0", netns, true)); }
    EXPECT_EQ(in({"link", "show", "tap0"}), 0);
}

TEST_F(Tap, WithoutMultiQueueIsRefusedWithAdvice) {
    ASSERT_EQ(in({"tuntap", "add", "dev", "tap0", "mode", "tap"}), 0);
    for (const char* interface : {"tap0", "lo"}) {
        auto queue = TapQueue::open(interface, netns, true);
        ASSERT_FALSE(queue);
        EXPECT_EQ(queue.error().kind, ErrorKind::usage);
        EXPECT_THAT(queue.error().message,
                    HasSubstr("ip -n " + netns + " tuntap add dev " + interface + " mode tap multi_queue"));
    }
}

TEST_F(Tap, NeedsItsNamespace) {
    auto queue = TapQueue::open("tap0", "nap-none-such", true);
    ASSERT_FALSE(queue);
    EXPECT_EQ(queue.error().kind, ErrorKind::not_found);
    EXPECT_EQ(TapQueue::open("", netns, true).error().kind, ErrorKind::usage);
    EXPECT_EQ(TapQueue::open("sixteen-letters-", netns, true).error().kind, ErrorKind::usage);
}

TEST_F(Tap, QueueOfARunningProcessCanBeTakenBack) {
    auto newer = TapQueue::open("tap0", netns, false);
    ASSERT_TRUE(newer);
    give_address();
    auto holder = Process::start({.argv = {"sleep", "60"}, .descriptors = {{newer->fd(), 3}}});
    ASSERT_TRUE(holder);
    auto taken = TapQueue::take_from(holder->pid(), 3);
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_FALSE(taken->attached());
    ASSERT_TRUE(taken->attach());
    EXPECT_TRUE(TapQueue::take_from(holder->pid(), 3)->attached());
    send_datagram("mine");
    EXPECT_TRUE(receives(*newer, "mine"));
    EXPECT_FALSE(TapQueue::take_from(holder->pid(), 0));
}

}  // namespace
}  // namespace nap::machine
