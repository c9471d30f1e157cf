// SPDX-License-Identifier: GPL-2.0-only

#include <gtest/gtest.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "agent/carried/unix_backlogs.hpp"
#include "agent/freezing/sock_diag.hpp"

namespace nap::agent {

TEST(UnixBacklogs, AreEncodedAsCriuReadsThem) {
    const BacklogConnection one{.listener = 5,
                                .client = 7,
                                .peer = {3, 1000, 1001},
                                .groups = {9},
                                .messages = {{{4, 1, 2}, "word"}, {{}, ""}}};
    const std::string file = encode_unix_backlogs(std::span(&one, 1));
    std::vector<std::uint32_t> words(file.size() / sizeof(std::uint32_t));
    ASSERT_EQ(words.size() * sizeof words[0], file.size());
    std::memcpy(words.data(), file.data(), file.size());
    std::uint32_t text = 0;
    std::memcpy(&text, "word", sizeof text);
    EXPECT_EQ(words, (std::vector<std::uint32_t>{0x4b4c4255, 5, 7, 3, 1000, 1001, 1, 2, 9, 1,
                                                 4,          1, 2, 4, text, 0,    0, 0, 0, 0}));
}

TEST(SockDiag, AnAttributeIsFoundBehindTheFixedPart) {
    std::vector<std::byte> answer(20);
    const nlattr first{.nla_len = 5, .nla_type = 1}, second{.nla_len = 8, .nla_type = 2};
    std::memcpy(answer.data() + 4, &first, sizeof first);
    std::memcpy(answer.data() + 12, &second, sizeof second);
    answer[16] = std::byte{9};
    ASSERT_TRUE(attribute(answer, 3, 2));
    EXPECT_EQ(leading<std::uint32_t>(*attribute(answer, 3, 2)), 9U);
    EXPECT_FALSE(attribute(answer, 3, 4));
    EXPECT_FALSE(attribute(std::span(answer).first(14), 3, 2));
    EXPECT_FALSE(attribute({}, 3, 2));
}

TEST(SockDiag, AListenersBacklogIsListed) {
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(sa_family_t);  // the kernel chooses a name
    auto* any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listener.get(), any, size), 0);
    ASSERT_EQ(::listen(listener.get(), 5), 0);
    size = sizeof address;
    ASSERT_EQ(::getsockname(listener.get(), any, &size), 0);
    ASSERT_EQ(::connect(client.get(), any, size), 0);

    auto listing = SocketListing::open();
    ASSERT_TRUE(listing) << listing.error().message;
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = ~0U;
    request.udiag_show = UDIAG_SHOW_ICONS;
    std::size_t waiting = 0;
    auto done = listing->list(request, [&](std::span<const std::byte> answer) {
        if (auto icons = attribute(answer, sizeof(unix_diag_msg), UNIX_DIAG_ICONS)) waiting += icons->size();
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_GE(waiting, sizeof(std::uint32_t));
}

}  // namespace nap::agent
