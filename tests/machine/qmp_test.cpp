// SPDX-License-Identifier: GPL-2.0-only
// QMP against a server that may say anything.
#include "machine/qemu/qmp.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "channel/unix_socket.hpp"
#include "machine/qemu/qmp_message.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kGreeting = R"({"QMP": {"version": {}, "capabilities": ["oob"]}})";

// One client, served by a function in a thread of its own.
class FakeQemu {
  public:
    class Client {
      public:
        explicit Client(int fd) : fd_(fd) {}
        void say(const std::string& text) {
            for (std::string_view rest = text; !rest.empty();) {
                auto put = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
                if (put <= 0) return;
                rest.remove_prefix(static_cast<std::size_t>(put));
            }
        }
        void say(const Json& json) { say(json.dump() + "\r\n"); }
        Json hear() {  // null at the end
            std::string line;
            for (char c; ::read(fd_.get(), &c, 1) == 1 && c != '\n';) line += c;
            return Json::parse(line, nullptr, false);
        }
        std::pair<Json, UniqueFd> hear_with_descriptor() {
            char line[4096], beside[CMSG_SPACE(sizeof(int))];
            iovec part{line, sizeof line};
            msghdr message{};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = beside;
            message.msg_controllen = sizeof beside;
            auto got = ::recvmsg(fd_.get(), &message, 0);
            int descriptor = -1;
            if (auto* header = CMSG_FIRSTHDR(&message))
                std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
            return {Json::parse(std::string_view(line, static_cast<std::size_t>(got)), nullptr, false),
                    UniqueFd(descriptor)};
        }
        void greet() {
            say(Json::parse(kGreeting));
            auto command = hear();
            say(Json{{"return", Json::object()}, {"id", command["id"]}});
        }
        void wait_for_end() {
            char c;
            while (::read(fd_.get(), &c, 1) > 0) {
            }
        }

      private:
        UniqueFd fd_;
    };

    explicit FakeQemu(std::function<void(Client&)> serve) {
        listener_ = std::move(*channel::listen_unix(path()));
        thread_ = std::thread([this, serve = std::move(serve)] {
            auto accepted = channel::accept_unix(listener_.get());
            if (!accepted) return;
            Client client(accepted->release());
            serve(client);
        });
    }
    ~FakeQemu() { thread_.join(); }
    std::string path() const { return scratch_.path / "qmp.sock"; }

  private:
    test::Scratch scratch_;
    UniqueFd listener_;
    std::thread thread_;
};

TEST(Qmp, NegotiatesAndExecutes) {
    Json heard;
    FakeQemu qemu([&](FakeQemu::Client& client) {
        client.greet();
        heard = client.hear();
        client.say(Json{{"return", {{"status", "running"}}}, {"id", heard["id"]}});
        client.wait_for_end();
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp) << qmp.error().message;
    auto status = (*qmp)->execute("query-status", {{"a", 1}});
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ((*status)["status"], "running");
    EXPECT_EQ(heard["execute"], "query-status");
    EXPECT_EQ(heard["arguments"]["a"], 1);
}

TEST(Qmp, LendsADescriptor) {
    std::string heard;
    FakeQemu qemu([&](FakeQemu::Client& client) {
        client.greet();
        auto [command, descriptor] = client.hear_with_descriptor();
        char bytes[5] = {};
        if (::pread(descriptor.get(), bytes, 4, 0) == 4) heard = command.value("execute", "") + " " + bytes;
        client.say(Json{{"return", Json::object()}, {"id", command["id"]}});
        client.wait_for_end();
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp) << qmp.error().message;
    test::Scratch scratch;
    ASSERT_TRUE(replace_file(scratch.path / "disk", "data"));
    auto file = open_file(scratch.path / "disk", O_RDONLY);
    ASSERT_TRUE((*qmp)->execute("add-fd", {{"fdset-id", 2}}, milliseconds(5000), file->get()));
    EXPECT_EQ(heard, "add-fd data");
    EXPECT_EQ(::fcntl(file->get(), F_GETFD), FD_CLOEXEC);
}

TEST(Qmp, ReportsWhatQemuRefuses) {
    FakeQemu qemu([](FakeQemu::Client& client) {
        client.greet();
        auto command = client.hear();
        client.say(
            Json{{"error", {{"class", "DeviceNotFound"}, {"desc", "No such node"}}}, {"id", command["id"]}});
        client.wait_for_end();
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp);
    auto answer = (*qmp)->execute("blockdev-del");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
    EXPECT_EQ(answer.error().message, "QMP command blockdev-del: No such node");
}

TEST(Qmp, KeepsEventsUntilTheyAreAskedFor) {
    FakeQemu qemu([](FakeQemu::Client& client) {
        client.greet();
        for (int i = 0; i < 300; ++i) client.say(Json{{"event", "TICK"}, {"data", {{"n", i}}}});
        client.say(Json{{"event", "STOP"}});
        auto command = client.hear();
        client.say(Json{{"return", Json::object()}, {"id", command["id"]}});
        client.wait_for_end();
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp);
    ASSERT_TRUE((*qmp)->execute("stop"));
    EXPECT_TRUE((*qmp)->wait_event("STOP", milliseconds(0)));
    // 301 events came, the 256 newest are kept
    auto tick = (*qmp)->wait_event("TICK", milliseconds(0));
    ASSERT_TRUE(tick);
    EXPECT_EQ((*tick)["n"], 45);
    (*qmp)->forget_events();
    EXPECT_EQ((*qmp)->wait_event("TICK", milliseconds(10)).error().kind, ErrorKind::timeout);
}

TEST(Qmp, GivesUpAtTheLimitAndIgnoresTheLateAnswer) {
    FakeQemu qemu([](FakeQemu::Client& client) {
        client.greet();
        auto slow = client.hear();
        auto quick = client.hear();
        client.say(Json{{"return", "slow"}, {"id", slow["id"]}});
        client.say(Json{{"return", "quick"}, {"id", quick["id"]}});
        client.wait_for_end();
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp);
    EXPECT_EQ((*qmp)->execute("slow", nullptr, milliseconds(30)).error().kind, ErrorKind::timeout);
    EXPECT_EQ(*(*qmp)->execute("quick"), "quick");
}

TEST(Qmp, AnswersReachThoseWhoAskedInAnyOrder) {
    FakeQemu qemu([](FakeQemu::Client& client) {
        client.greet();
        std::vector<Json> commands;
        for (int i = 0; i < 8; ++i) commands.push_back(client.hear());
        for (auto command = commands.rbegin(); command != commands.rend(); ++command)
            client.say(Json{{"return", (*command)["execute"]}, {"id", (*command)["id"]}});
        client.wait_for_end();
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp);
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i)
        callers.emplace_back(
            [&, name = "c" + std::to_string(i)] { EXPECT_EQ(*(*qmp)->execute(name), name); });
}

struct Nonsense {
    const char* name;
    std::string text;
    ErrorKind kind;
};

class QmpFails : public testing::TestWithParam<Nonsense> {};

TEST_P(QmpFails, ForAllWhoWait) {
    FakeQemu qemu([&](FakeQemu::Client& client) {
        client.greet();
        client.hear();
        client.say(GetParam().text);
    });
    auto qmp = Qmp::connect(qemu.path(), milliseconds(5000));
    ASSERT_TRUE(qmp);
    auto answer = (*qmp)->execute("stop", nullptr, milliseconds(20000));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, GetParam().kind) << answer.error().message;
    EXPECT_FALSE((*qmp)->up());
    EXPECT_FALSE((*qmp)->execute("again"));
    EXPECT_FALSE((*qmp)->wait_event("STOP", milliseconds(20000)));
}

INSTANTIATE_TEST_SUITE_P(
    Qmp, QmpFails,
    testing::Values(Nonsense{"end", "", ErrorKind::io}, Nonsense{"half", "{\"retu", ErrorKind::io},
                    Nonsense{"garbage", "\xff\xfe not json\n", ErrorKind::protocol},
                    Nonsense{"array", "[1]\n", ErrorKind::protocol},
                    Nonsense{"empty", "\n", ErrorKind::protocol},
                    Nonsense{"anonymous", "{\"return\": {}}\n", ErrorKind::protocol},
                    Nonsense{"huge", std::string((4 << 20) + 1, ' '), ErrorKind::protocol}),
    [](const auto& about) { return about.param.name; });

TEST(Qmp, SaysThatNobodyListensThere) {
    test::Scratch scratch;
    auto qmp = Qmp::connect(scratch.path / "none.sock", milliseconds(30));
    ASSERT_FALSE(qmp);
    EXPECT_EQ(qmp.error().kind, ErrorKind::not_found);
    EXPECT_EQ(Qmp::connect("/" + std::string(200, 'x'), milliseconds(30)).error().kind, ErrorKind::usage);
}

TEST(Qmp, DoesNotWaitForEverToBeGreeted) {
    FakeQemu qemu([](FakeQemu::Client& client) { client.wait_for_end(); });
    EXPECT_EQ(Qmp::connect(qemu.path(), milliseconds(30)).error().kind, ErrorKind::timeout);
}

TEST(QmpLines, AreCutWhereverTheBytesWereSplit) {
    QmpLines lines(16);
    ASSERT_TRUE(lines.add("ab"));
    EXPECT_FALSE(lines.next());
    ASSERT_TRUE(lines.add("c\r"));
    ASSERT_TRUE(lines.add("\nd\n\ne"));
    EXPECT_EQ(lines.next(), "abc");
    EXPECT_EQ(lines.next(), "d");
    EXPECT_EQ(lines.next(), "");
    EXPECT_FALSE(lines.next());
    EXPECT_FALSE(lines.add("0123456789abcdef"));
}

}  // namespace
}  // namespace nap::machine
