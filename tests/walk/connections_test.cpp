// SPDX-License-Identifier: GPL-2.0-only
#include "walk/connections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/walk/fake_sockets.hpp"

namespace nap::walk {
namespace {

using context::Connection;

std::string text(const Connection& connection) {
    return {reinterpret_cast<const char*>(connection.data.data()), connection.data.size()};
}

struct Connections : testing::Test {
    FakeKernel kernel{false};
    FakeSockets sockets{kernel};
};

TEST_F(Connections, ThatWaitAreReadInOrderWithWhatTheyReceived) {
    const auto listener = sockets.add(TCP_LISTEN);
    std::uint64_t link = listener + 128;
    for (int number = 0; number < 2; ++number) {
        const auto request = kernel.take_page(), sock = sockets.add(TCP_CLOSE_WAIT, false);
        sockets.make_request(request);
        kernel.put(request + 88, kernel.direct(sock));
        kernel.put(link, kernel.direct(request));
        link = request + 80;
        kernel.put<std::uint32_t>(sock + 140, FakeSockets::kReceiveInitial + 1);
        // The second one overlaps the first; their sequence numbers pass 0
        sockets.queue(sock, 88, FakeSockets::kReceiveInitial + 1, "hel");
        sockets.queue(sock, 88, FakeSockets::kReceiveInitial + 3, number == 0 ? "llo" : "lp", 1);
    }
    const auto found = FakeSockets::find(kernel);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(text((*found)[0]), "hello");
    EXPECT_EQ(text((*found)[1]), "help");
    const Connection& first = found->front();
    EXPECT_EQ(first.kind, Connection::Kind::waiting);
    EXPECT_EQ(first.remote_port, 4321);
    EXPECT_EQ(first.local_port, 80);
    EXPECT_EQ(first.send_scale, 7);
    EXPECT_EQ(first.receive_scale, 9);
    EXPECT_TRUE(first.timestamps && first.sack && first.scaling && !first.ecn);
    EXPECT_TRUE(context::is_mapped(first.remote));
    EXPECT_EQ(first.remote[15], std::byte{9});
}

TEST_F(Connections, HalfOpenOnesHaveTheirSequenceNumbers) {
    sockets.make_request(sockets.add(12));
    const auto found = FakeSockets::find(kernel);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().kind, Connection::Kind::half_open);
    EXPECT_EQ(found->front().receive_initial, FakeSockets::kReceiveInitial);
    EXPECT_EQ(found->front().send_initial, FakeSockets::kSendInitial);
    EXPECT_EQ(found->front().timestamp, 500U);
    EXPECT_EQ(found->front().timeouts, 3);
    EXPECT_FALSE(found->front().acknowledged);
}

TEST_F(Connections, ThatNoProcessHasAreReadWithWhatTheyOwe) {
    const auto sock = sockets.add(TCP_FIN_WAIT1);
    kernel.put<std::uint32_t>(sock + 156, 101);  // the first byte is acknowledged
    kernel.put<std::uint32_t>(sock + 160, 110);
    const auto first = sockets.make_buffer(100, "abc"), second = sockets.make_buffer(103, "de");
    kernel.put(sock + 120, kernel.direct(second + 64));
    kernel.put(second + 64 + 16, kernel.direct(first + 64));
    // The last one's bytes lie in a page of the page cache, in U
    const auto last = sockets.queue(sock, 104, 105, "", 1);
    kernel.put<std::uint32_t>(last + 8, 4);
    kernel.put<std::uint32_t>(last + 12, 4);
    const auto shared = last + 1024 + 512;
    kernel.put<std::uint8_t>(shared, 1);
    const auto structs = kernel.get<std::uint64_t>(kernel.anchors().vmemmap_base - FakeKernel::kText +
                                                   kernel.anchors().kernel_code);
    kernel.put(shared + 16, structs + (FakeKernel::kUserFirst + 1) * 64);
    kernel.put<std::uint32_t>(shared + 16 + 8, 4);
    kernel.put<std::uint32_t>(shared + 16 + 12, 2);
    std::vector<std::byte> user(2 * kPageSize);
    for (int i = 0; i < 4; ++i) user[kPageSize + 2 + i] = static_cast<std::byte>('w' + i);

    const auto found = FakeSockets::find(kernel, user);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(text(found->front()), "bcdewxyz");
    EXPECT_FALSE(FakeSockets::find(kernel)) << "U is not there";
    kernel.put<std::uint32_t>(sock + 160, 111);
    EXPECT_FALSE(FakeSockets::find(kernel, user)) << "a byte is missing";
    kernel.put(sock + 80, kernel.direct(sock));
    EXPECT_TRUE(FakeSockets::find(kernel)->empty()) << "a process has it";
}

TEST_F(Connections, AChainWithoutEndIsAnError) {
    const auto sock = sockets.add(TCP_ESTABLISHED);
    kernel.put(sock, kernel.direct(sock));
    EXPECT_FALSE(FakeSockets::find(kernel));
    kernel.put<std::uint64_t>(sock, 0x1234'5678'9abc'def0);
    EXPECT_THAT(FakeSockets::find(kernel).error().message, testing::HasSubstr("outside of kernel memory"));
}

}  // namespace
}  // namespace nap::walk
