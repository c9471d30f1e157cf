// SPDX-License-Identifier: GPL-2.0-only
#include "channel/unix_socket.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

using namespace nap;
using namespace nap::channel;
using testing::HasSubstr;

namespace {

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
