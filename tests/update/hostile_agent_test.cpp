// SPDX-License-Identifier: GPL-2.0-only
// An agent that is in the hands of an enemy: whatever it says, an update gives up with an error, within its
// limits, with bounded memory, and touches nothing but its own folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/units.hpp"
#include "channel/tree_entry.hpp"
#include "tests/channel/forged_tree.hpp"
#include "tests/channel/hostile_peer.hpp"
#include "tests/machine/scratch.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/agent/clock_reading.hpp"
#include "update/phases/contexts.hpp"
#include "update/phases/images.hpp"

namespace nap::update {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using channel::FrameType;
using channel::Json;
using test::HostileLink;
using test::HostilePeer;
using testing::HasSubstr;

// --- within a call

TEST(HostileAgent, GarbageEndsTheLink) {
    for (const std::string& garbage :
         {std::string(64, '\xff'), std::string(64, '\0'), std::string("HTTP/1.1 200 OK\r\n\r\n")}) {
        HostileLink hostile([&](HostilePeer& peer) {
            peer.hear_call();
            peer.say(garbage);
            peer.wait_for_end();
        });
        EXPECT_FALSE(agent::anchors(*hostile.link, 20s));
        EXPECT_FALSE(agent::read_clock(*hostile.link, 20s));
    }
}

TEST(HostileAgent, FrameThatClaimsGigabytesIsRefusedAtItsHeader) {
    HostileLink hostile([](HostilePeer& peer) {
        peer.hear_call();
        peer.say(std::string_view("\xff\xff\xff\x7f\x02\x00\x4e\x70\x01\x00\x00\x00", 12));
        peer.wait_for_end();
    });
    EXPECT_FALSE(agent::read_clock(*hostile.link, 20s));
}

TEST(HostileAgent, SilenceEndsAtTheLimit) {
    HostileLink hostile([](HostilePeer& peer) { peer.wait_for_end(); });
    EXPECT_EQ(agent::read_clock(*hostile.link, 100ms).error().kind, ErrorKind::timeout);
    auto call = hostile.link->start("restore");
    ASSERT_TRUE(call);
    EXPECT_EQ(agent::wait_for_state(**call, "ready", 100ms).error().kind, ErrorKind::timeout);
}

TEST(HostileAgent, ChatterEndsAtTheLimitToo) {
    // As many events as flow control lets through
    HostileLink hostile([](HostilePeer& peer) {
        auto call = peer.hear_call();
        for (;;) {
            for (int i = 0; i < 50; ++i)
                if (!peer.say(FrameType::event, call, R"({"state": "elsewhere"})")) return;
            std::this_thread::sleep_for(20ms);
        }
    });
    auto call = hostile.link->start("restore");
    ASSERT_TRUE(call);
    EXPECT_EQ(agent::wait_for_state(**call, "ready", 300ms).error().kind, ErrorKind::timeout);
}

TEST(HostileAgent, RepliesToCallsNeverMadeAreDropped) {
    HostileLink hostile([](HostilePeer& peer) {
        for (std::uint32_t call = 101; call < 501; call += 2) peer.reply(call, "{}");
        auto call = peer.hear_call();
        peer.reply(call, R"({"monotonic": 5})");
        peer.reply(call, R"({"monotonic": 7})");
        peer.wait_for_end();
    });
    auto clocks = agent::read_clock(*hostile.link, 20s);
    ASSERT_TRUE(clocks) << clocks.error().message;
    EXPECT_EQ(clocks->guest_ns, 5);
}

TEST(HostileAgent, WrongOrderIsAnError) {
    using Behaviour = std::function<void(HostilePeer&, std::uint32_t)>;
    for (const auto& behave : {Behaviour([](auto&peer, auto call) {
                                   peer.reply(call, "{}");  // before any state
                               }),
                               Behaviour([](auto&peer, auto call) {
                                   peer.say(FrameType::end, call);
                                   peer.say(FrameType::data, call, "after the end");
                               }),
                               Behaviour([](auto&peer, auto call) {
                                   peer.say(FrameType::end, call);
                                   peer.say(FrameType::end, call);
                               }),
                               Behaviour([](auto&peer, auto call) { peer.say(FrameType::abandon, call); }),
                               Behaviour([](auto&peer, auto) { peer.reply(2, "{}"); }),
                               Behaviour([](auto&peer, auto) { peer.say(FrameType::request, 3, "{}"); })}) {
        HostileLink hostile([&](HostilePeer& peer) {
            auto call = peer.hear_call();
            behave(peer, call);
            peer.wait_for_end();
        });
        auto call = hostile.link->start("restore");
        ASSERT_TRUE(call);
        auto waited = agent::wait_for_state(**call, "ready", 20s);
        ASSERT_FALSE(waited);
        EXPECT_NE(waited.error().kind, ErrorKind::timeout) << waited.error().message;
    }
}

TEST(HostileAgent, FloodBeyondItsCreditEndsTheLinkWithBoundedMemory) {
    HostileLink hostile([](HostilePeer& peer) {
        auto call = peer.hear_call();
        const std::string block(64 << 10, 'x');
        for (int i = 0; i < 8192; ++i)  // half a GiB, asked for by nobody
            if (!peer.say(FrameType::data, call, block)) return;
    });
    auto before = test::own_status("VmRSS");
    auto call = hostile.link->start("dump");
    ASSERT_TRUE(call);
    while (hostile.link->up()) std::this_thread::sleep_for(10ms);
    EXPECT_LT(test::own_status("VmRSS") - before, 32 << 10);
}

TEST(HostileAgent, FloodForNoCallIsDropped) {
    HostileLink hostile([](HostilePeer& peer) {
        auto call = peer.hear_call();
        const std::string block(64 << 10, 'x');
        for (int i = 0; i < 2048; ++i)
            if (!peer.say(FrameType::data, 77, block)) return;
        peer.reply(call, R"({"monotonic": 5})");
        peer.wait_for_end();
    });
    auto before = test::own_status("VmRSS");
    EXPECT_TRUE(agent::read_clock(*hostile.link, 60s));
    EXPECT_LT(test::own_status("VmRSS") - before, 32 << 10);
}

// It may not call us; that it tries costs a bounded number of threads, even if it reads no refusal.
TEST(HostileAgent, FloodOfCallsIsBounded) {
    HostileLink hostile([](HostilePeer& peer) {
        for (std::uint32_t call = 2; call < 200'000; call += 2)
            if (!peer.say(FrameType::request, call, R"({"method": "exec"})")) return;
    });
    long most = 0;
    while (hostile.link->up()) {
        most = std::max(most, test::own_status("Threads"));
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_LT(most, 200);
}

// --- values

TEST(HostileAgent, ValuesOfOtherTypesAreErrors) {
    for (const char* value : {"null", "\"1\"", "-1", "1.5", "1e300", "-1e300", "18446744073709551616",
                              "9223372036854775807", "[]", "{}", "[1]", "true"}) {
        SCOPED_TRACE(value);
        EXPECT_FALSE(agent::monotonic_from({{"monotonic", Json::parse(value)}}));
        EXPECT_FALSE(agent::monotonic_from(Json::parse(value)));
        EXPECT_FALSE(agent::frozen_from(Json::parse(value)));
        EXPECT_EQ(
            agent::frozen_from({{"realtime_ahead", Json::parse(value)}, {"time_offset", 0U}}).has_value(),
            value == std::string_view("-1"));
        EXPECT_FALSE(agent::anchors_from(Json::parse(value)));
        EXPECT_FALSE(agent::process_id({{"host_pid", Json::parse(value)}}, "host_pid", "restore"));
        EXPECT_FALSE(agent::number(Json::parse(value), "pages", "settle"));
    }
    EXPECT_FALSE(agent::process_id({{"host_pid", 0U}}, "host_pid", "restore"));
    EXPECT_EQ(agent::process_id({{"host_pid", 77U}}, "host_pid", "restore"), 77);
}

TEST(HostileAgent, JsonBombsAreRefused) {
    for (const auto& bomb : {std::string(500'000, '['), "{\"monotonic\": " + std::string(400'000, '[') +
                                                            std::string(400'000, ']') + "}"}) {
        HostileLink hostile([&](HostilePeer& peer) {
            peer.reply(peer.hear_call(), bomb);
            peer.wait_for_end();
        });
        auto clocks = agent::read_clock(*hostile.link, 60s);
        ASSERT_FALSE(clocks);
        EXPECT_EQ(clocks.error().kind, ErrorKind::protocol);
    }
}

TEST(HostileAgent, MessagesCommandNoTerminal) {
    HostileLink hostile([](HostilePeer& peer) {
        auto error = Json{
            {"error", {{"kind", "io"}, {"message", "\x1b]0;owned\x07 \xc2\x9b" + std::string(99'999, 'x')}}}};
        peer.say(FrameType::reply, peer.hear_call(), error.dump());
        peer.wait_for_end();
    });
    auto clocks = agent::read_clock(*hostile.link, 20s);
    ASSERT_FALSE(clocks);
    EXPECT_THAT(clocks.error().message, testing::StartsWith("?]0;owned? ??x"));
    EXPECT_LT(clocks.error().message.size(), 20'000U);
}

// --- the tree of images

std::string file_entry(const std::string& path, std::string_view content = "x") {
    return test::tree_entry({{"path", path}, {"type", "file"}, {"mode", 0600}, {"size", content.size()}},
                            content);
}

class HostileTree : public testing::Test {
  protected:
    HostileTree() {
        fs::create_directory(scratch.path / "images");
        EXPECT_TRUE(replace_file(scratch.path / "outside", "untouched"));
    }
    // What take_contexts says to what the peer sends in the call.
    Result<Taken> take(const std::function<void(HostilePeer&, std::uint32_t)>& behave,
                       std::chrono::milliseconds limit = 60s) {
        HostileLink hostile([&](HostilePeer& peer) {
            auto call = peer.hear_call();
            behave(peer, call);
            peer.wait_for_end();
        });
        auto call = hostile.link->start("dump");
        if (!call) return std::unexpected(call.error());
        return take_contexts(**call, scratch.path / "images", kMiB, limit, [](auto) { return Result<>{}; });
    }
    Result<Taken> take_tree(const std::string& tree) {
        return take([&](HostilePeer& peer, std::uint32_t call) {
            peer.say(FrameType::data, call, tree);
            peer.reply(call, "{}");
        });
    }
    // Files and folders below the scratch folder, the given two apart.
    long made_outside() {
        long count = 0;
        for (const auto& found : fs::directory_iterator(scratch.path))
            count += found.path().filename() != "images" && found.path().filename() != "outside";
        return count;
    }
    test::Scratch scratch;
    const std::string folder = test::tree_entry({{"path", ""}, {"type", "directory"}, {"mode", 0700}});
};

TEST_F(HostileTree, OfFilesIsTaken) {
    auto taken = take_tree(test::end_tree(folder + file_entry("pagemap-1.img")));
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->bytes, 1U);
}

TEST_F(HostileTree, ReachesNothingOutside) {
    const Json link{{"path", "way"}, {"type", "symlink"}, {"mode", 0777}, {"target", ".."}};
    for (const auto& tree :
         {folder + file_entry("../outside"), folder + file_entry("/tmp/nap-hostile"),
          folder + file_entry("a/../../outside"), folder + file_entry("./x"), folder + file_entry("a//b"),
          folder + file_entry(std::string("a\0b", 3)),
          folder + test::tree_entry(link) + file_entry("way/outside"),
          test::tree_entry({{"path", ""}, {"type", "symlink"}, {"mode", 0777}, {"target", "/etc"}}),
          folder + test::tree_entry({{"path", "d"}, {"type", "device"}, {"mode", 0600}}),
          folder + test::tree_entry({{"path", "d"}, {"type", "fifo"}, {"mode", 0600}}),
          folder + test::tree_entry({{"path", "d"}, {"type", 7}, {"mode", 0600}}), folder + folder}) {
        EXPECT_FALSE(take_tree(test::end_tree(tree))) << tree;
        EXPECT_EQ(*read_file(scratch.path / "outside"), "untouched");
        EXPECT_EQ(made_outside(), 0);
        EXPECT_FALSE(fs::exists("/tmp/nap-hostile"));
    }
}

// The supervisor, root, reads these files: a symlink would open any device of the host.
TEST_F(HostileTree, WithASymlinkIsRefused) {
    const Json link{{"path", "pagemap-1.img"}, {"type", "symlink"}, {"mode", 0777}, {"target", "/dev/zero"}};
    auto taken = take_tree(test::end_tree(folder + test::tree_entry(link)));
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("symlink"));
    fs::create_symlink("/dev/zero", scratch.path / "images" / "mm-1.img");
    EXPECT_EQ(read_areas(scratch.path / "images").error().kind, ErrorKind::protocol);
}

TEST_F(HostileTree, OfTooManyBytesIsRefused) {
    auto taken = take([this](HostilePeer& peer, std::uint32_t call) {
        peer.say(FrameType::data, call,
                 folder + test::tree_entry(
                              {{"path", "big"}, {"type", "file"}, {"mode", 0600}, {"size", 1ULL << 40}}));
    });
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("a tree of more than"));
    const std::string block(200 << 10, 'x');
    EXPECT_FALSE(take_tree(folder + file_entry("1", block) + file_entry("2", block) + file_entry("3", block) +
                           file_entry("4", block)));
}

TEST_F(HostileTree, OfHugeNumbersAndHeadersIsRefused) {
    for (const char* number : {"-1", "1e30", "18446744073709551615", "\"1\"", "[]", "1.0"}) {
        Json header{{"path", "a"}, {"type", "file"}, {"mode", 0600}, {"size", Json::parse(number)}};
        EXPECT_FALSE(take_tree(test::end_tree(folder + test::tree_entry(header)))) << number;
    }
    EXPECT_FALSE(take_tree("\xff\xff\xff\xff"));
    EXPECT_FALSE(take_tree(std::string("\x10\x27\x00\x00", 4) + std::string(10'000, '[')));
}

TEST_F(HostileTree, ThatNeverEndsIsGivenUp) {
    auto trickle = [this](HostilePeer& peer, std::uint32_t call) {
        peer.say(FrameType::data, call, folder);
        while (peer.say(FrameType::event, call, "{}")) std::this_thread::sleep_for(10ms);
    };
    EXPECT_EQ(take(trickle, 300ms).error().kind, ErrorKind::timeout);
    EXPECT_EQ(take([](auto&, auto) {}, 100ms).error().kind, ErrorKind::timeout);
}

TEST_F(HostileTree, ThatStopsHalfWayIsAnError) {
    for (const auto& tree : {std::string(), folder, folder + file_entry("a").substr(0, 20),
                             folder + file_entry("pagemap-1.img", "abc")}) {
        auto taken = take([&](HostilePeer& peer, std::uint32_t call) {
            if (!tree.empty()) peer.say(FrameType::data, call, tree);
            peer.reply(call, "{}");
        });
        ASSERT_FALSE(taken);
        EXPECT_THAT(taken.error().message, HasSubstr("incomplete"));
    }
}

}  // namespace
}  // namespace nap::update
