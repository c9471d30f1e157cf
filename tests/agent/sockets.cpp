// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/sockets/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.hpp"

namespace nap::agent {
namespace {

TEST(JudgeSocket, AllowsWhatCriuCarries) {
    EXPECT_FALSE(judge_socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_FALSE(judge_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
    EXPECT_FALSE(judge_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
    EXPECT_FALSE(judge_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    EXPECT_FALSE(judge_socket(AF_NETLINK, SOCK_RAW, 0));
    EXPECT_FALSE(judge_socket(AF_PACKET, SOCK_RAW, 768));
}

TEST(JudgeSocket, RefusesOtherKinds) {
    for (const int domain : {AF_VSOCK, AF_ALG, AF_KEY, AF_XDP, AF_BLUETOOTH, AF_TIPC, AF_CAN})
        EXPECT_TRUE(judge_socket(domain, SOCK_RAW, 0)) << domain;
    EXPECT_TRUE(judge_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
    EXPECT_TRUE(judge_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
    EXPECT_TRUE(judge_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

TEST(JudgeTcp, RefusesHalfOpenOnes) {
    for (const int state : {TCP_ESTABLISHED, TCP_SYN_SENT, TCP_CLOSE_WAIT, TCP_CLOSE, TCP_LAST_ACK})
        EXPECT_FALSE(judge_tcp(state)) << state;
    EXPECT_FALSE(judge_tcp(TCP_LISTEN));
    EXPECT_TRUE(judge_tcp(TCP_SYN_RECV));
}

// The kernel's own count of what waits at a listening socket.
TEST(JudgeSocketDescriptor, PassesAConnectionNotAcceptedYet) {
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0)), client(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listener.get(), any, size), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    ASSERT_EQ(::getsockname(listener.get(), any, &size), 0);
    EXPECT_FALSE(judge_socket_descriptor(listener.get(), ::getpid()));
    ASSERT_EQ(::connect(client.get(), any, size), 0);
    EXPECT_FALSE(judge_socket_descriptor(listener.get(), ::getpid()));
    EXPECT_FALSE(judge_socket_descriptor(client.get(), ::getpid()));
}

TEST(Sockets, ARenamedUnixSocketIsSeenByItsName) {
    EXPECT_TRUE(was_renamed("/run/a.new", "/run/nap/root/run/a"));
    EXPECT_TRUE(was_renamed("a.new", "/run/nap/root/run/a"));
    EXPECT_FALSE(was_renamed("/run/a", "/run/nap/root/run/a"));
    EXPECT_FALSE(was_renamed("./a", "/run/nap/root/run/a"));
    EXPECT_TRUE(is_gone("/run/nap/root/run/a (deleted)"));
    EXPECT_TRUE(is_gone(""));
    EXPECT_FALSE(is_gone("/run/nap/root/run/a"));
}

TEST(Sockets, AMovedUnixSocketIsSeenByWhereItsNameLeads) {
    char folder[] = "/tmp/nap-sockets-XXXXXX";
    ASSERT_TRUE(::mkdtemp(folder));
    const std::string home(folder), path = home + "/a";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_FALSE(judge_socket_descriptor(fd.get(), ::getpid()));
    std::filesystem::create_directory(home + "/other");
    std::filesystem::rename(path, home + "/other/a");
    EXPECT_TRUE(judge_socket_descriptor(fd.get(), ::getpid()));
    std::filesystem::create_symlink(home + "/other/a", path);
    EXPECT_FALSE(judge_socket_descriptor(fd.get(), ::getpid()));
    std::filesystem::remove(home + "/other/a");
    EXPECT_FALSE(judge_socket_descriptor(fd.get(), ::getpid()));  // that CRIU carries
    std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace nap::agent
