// SPDX-License-Identifier: GPL-2.0-only
#include "channel/tree.hpp"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "channel/frame.hpp"
#include "channel/tree_entry.hpp"
#include "tests/channel/trees.hpp"

namespace nap::test {
namespace {

using channel::is_safe_path;
using channel::send_tree;
using testing::HasSubstr;

TEST_F(Trees, ChangedBytesAreNoticedBeforeTheFileIsThere) {
    make_file(directory / "from", "some content");
    const Bytes good = sent(directory / "from");
    for (std::size_t at = 0; at < good.size(); ++at) {
        Bytes changed = good;
        changed[at] ^= std::byte{1};
        EXPECT_FALSE(received(directory / "to", changed)) << at;
        EXPECT_FALSE(fs::exists(directory / "to")) << at;
    }
    EXPECT_TRUE(received(directory / "to", good));
}

TEST_F(Trees, RoundTripWhateverTheSplit) {
    auto from = directory / "from";
    fs::create_directories(from / "a" / "b");
    fs::create_directories(from / "empty");
    make_file(from / "a" / "file", "content");
    make_file(from / "a" / "b" / "large", std::string(700'000, 'x'));
    make_file(from / "nothing", "");
    fs::create_symlink("../nothing", from / "a" / "link");
    ::chmod((from / "a" / "file").c_str(), 0751);
    timeval times[2] = {{1000, 0}, {1234567, 0}};
    ::utimes((from / "a" / "file").c_str(), times);
    auto bytes = sent(from);
    for (std::size_t step : {7u, 100'000u, 10'000'000u}) {
        auto to = directory / ("to" + std::to_string(step));
        auto result = received(to, bytes, step);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(read_file(to / "a" / "file"), "content");
        EXPECT_EQ(read_file(to / "a" / "b" / "large"), std::string(700'000, 'x'));
        EXPECT_EQ(read_file(to / "nothing"), "");
        EXPECT_TRUE(fs::is_directory(to / "empty"));
        EXPECT_EQ(fs::read_symlink(to / "a" / "link"), "../nothing");
        struct stat status {};
        ::stat((to / "a" / "file").c_str(), &status);
        EXPECT_EQ(status.st_mode & 07777, 0751u);
        EXPECT_EQ(status.st_mtime, 1234567);
    }
}

TEST_F(Trees, SingleFileGoesToItsPlaceOrIntoAFolder) {
    make_file(directory / "one", "1");
    auto bytes = sent(directory / "one");
    ASSERT_TRUE(received(directory / "other", bytes));
    EXPECT_EQ(read_file(directory / "other"), "1");
    fs::create_directory(directory / "folder");
    ASSERT_TRUE(received(directory / "folder", bytes));
    ASSERT_TRUE(received(directory / "folder" / "", bytes));
    EXPECT_EQ(read_file(directory / "folder" / "one"), "1");
    EXPECT_FALSE(received(directory / "missing" / "", bytes));
    EXPECT_FALSE(received(directory / "missing" / "x", bytes));
}

TEST_F(Trees, EmptyFolderAndFoldersThatAreThere) {
    fs::create_directories(directory / "from" / "a");
    make_file(directory / "from" / "a" / "new", "new");
    fs::create_directories(directory / "to" / "a");
    make_file(directory / "to" / "a" / "old", "old");
    make_file(directory / "to" / "a" / "new", "longer before");
    ASSERT_TRUE(received(directory / "to", sent(directory / "from" / ".")));
    EXPECT_EQ(read_file(directory / "to" / "a" / "old"), "old");
    EXPECT_EQ(read_file(directory / "to" / "a" / "new"), "new");
    fs::create_directory(directory / "nothing");
    ASSERT_TRUE(received(directory / "copy", sent(directory / "nothing")));
    EXPECT_TRUE(fs::is_directory(directory / "copy"));
}

TEST_F(Trees, FilesOfProcHaveTheirContent) {
    ASSERT_TRUE(received(directory / "version", sent("/proc/version")));
    EXPECT_EQ(read_file(directory / "version"), *read_file("/proc/version"));
}

// What is there is read, then the kernel's next message would be waited for.
TEST_F(Trees, FilesWithoutAnEndAreRefusedByName) {
    if (::access("/proc/kmsg", R_OK) != 0 || !UniqueFd(::open("/proc/kmsg", O_RDONLY | O_NONBLOCK)))
        GTEST_SKIP() << "the kernel's log is not ours to read";
    ::alarm(20);  // ends a test that waits for ever
    auto result = send_tree("/proc/kmsg", [](auto) -> Result<> { return {}; });
    ::alarm(0);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("/proc/kmsg: it does not end"));
}

TEST_F(Trees, PipesAreRefusedByName) {
    fs::create_directory(directory / "from");
    ::mkfifo((directory / "from" / "pipe").c_str(), 0600);
    auto result = send_tree(directory / "from", [](auto) -> Result<> { return {}; });
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("from/pipe"));
    for (const fs::path& root : {directory / "from" / "pipe", fs::path("/dev/zero")}) {
        result = send_tree(root, [](auto) -> Result<> { return {}; });
        ASSERT_FALSE(result);
        EXPECT_THAT(result.error().message, HasSubstr(root.string()));
    }
    EXPECT_FALSE(send_tree(directory / "missing", [](auto) -> Result<> { return {}; }));
}

TEST_F(Trees, SinksErrorEndsTheSending) {
    make_file(directory / "large", std::string(3 << 20, 'x'));
    int pieces = 0;
    auto result = send_tree(directory / "large", [&](auto) -> Result<> {
        return ++pieces == 2 ? fail(ErrorKind::io, "enough") : Result<>{};
    });
    EXPECT_EQ(result.error().message, "enough");
    EXPECT_EQ(pieces, 2);
}

TEST_F(Trees, HostilePathsAreRefused) {
    for (auto path : {"../x", "/x", "a/../../x", "..", ".", "a//b", "a/", "./a"})
        EXPECT_FALSE(received(directory / "to", forged({{folder(""), ""}, {file(path), ""}}))) << path;
    EXPECT_FALSE(received(directory / "to", forged({{file(std::string("a\0b", 3)), ""}})));
    EXPECT_FALSE(received(directory / "to", forged({{file(std::string(300, 'a')), ""}})));
    auto named = file("");
    named["name"] = "../evil";
    fs::create_directory(directory / "folder");
    EXPECT_FALSE(received(directory / "folder", forged({{named, ""}})));
    EXPECT_FALSE(fs::exists(directory / "evil"));
    EXPECT_FALSE(fs::exists(directory / "x"));
}

TEST_F(Trees, NothingIsWrittenThroughSymlinks) {
    fs::create_directory(directory / "outside");
    make_file(directory / "outside" / "file", "untouched");
    auto outside = (directory / "outside").string();
    EXPECT_FALSE(received(directory / "to", forged({{link("a", outside), ""}, {file("a/file", 4), "evil"}})));
    EXPECT_FALSE(received(directory / "to", forged({{link("b", "."), ""}, {file("b/file", 4), "evil"}})));
    // A symlink in a file's place is replaced, not followed
    EXPECT_TRUE(
        received(directory / "to", forged({{link("c", outside + "/file"), ""}, {file("c", 4), "evil"}})));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(directory / "to" / "c")));
    // A symlink in a folder's place is not a folder
    EXPECT_FALSE(received(directory / "to", forged({{link("d", outside), ""}, {folder("d"), ""}})));
    EXPECT_FALSE(received(directory / "link", forged({{link("", outside), ""}})));
    EXPECT_EQ(read_file(directory / "outside" / "file"), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(outside), {}), 1);
}

TEST_F(Trees, DuplicatesReplaceFilesNeverFolders) {
    EXPECT_TRUE(received(directory / "to", forged({{file("a", 1), "1"}, {file("a", 1), "2"}})));
    EXPECT_EQ(read_file(directory / "to" / "a"), "2");
    EXPECT_FALSE(received(directory / "to", forged({{folder("b"), ""}, {file("b"), ""}})));
    EXPECT_FALSE(received(directory / "to", forged({{folder("b"), ""}, {link("b", "/etc"), ""}})));
    EXPECT_FALSE(received(directory / "to", forged({{file("a"), ""}, {folder("a"), ""}})));
    EXPECT_FALSE(received(directory / "to", forged({{folder(""), ""}, {folder(""), ""}})));
    EXPECT_FALSE(received(directory / "single", forged({{file(""), ""}, {file("x"), ""}})));
}

TEST_F(Trees, NumbersAndLimitsHold) {
    TreeLimits limits{.entries = 2, .bytes = 10};
    auto to = directory / "to";
    EXPECT_TRUE(received(to, forged({{file("a", 5), "12345"}, {file("b", 5), "12345"}}), 1, limits));
    EXPECT_FALSE(received(to, forged({{file("a", 5), "12345"}, {file("b", 6), "123456"}}), 1, limits));
    EXPECT_FALSE(received(to, forged({{file("a"), ""}, {file("b"), ""}, {file("c"), ""}}), 1, limits));
    for (Json size : {Json(~0ULL), Json(-1), Json(1.5), Json("1"), Json(nullptr), Json(1ULL << 41)}) {
        auto entry = file("a");
        entry["size"] = size;
        EXPECT_FALSE(received(to, forged({{entry, ""}}))) << size;
    }
    for (auto [key, value] : {std::pair{"mode", Json(010000)},
                              {"mode", Json(-1)},
                              {"uid", Json(1ULL << 32)},
                              {"type", Json("device")},
                              {"type", Json(1)},
                              {"path", Json(1)},
                              {"mtime", Json(~0ULL)}}) {
        auto entry = file("a");
        entry[key] = value;
        EXPECT_FALSE(received(to, forged({{entry, ""}}))) << key << value;
    }
    EXPECT_FALSE(received(to, forged({{Json::array(), ""}})));
    EXPECT_FALSE(received(to, forged({{link("a", std::string("x\0y", 3)), ""}})));
    EXPECT_FALSE(received(to, forged({{link("a", ""), ""}})));
    Bytes huge{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0x7f}};
    EXPECT_FALSE(received(to, huge));
}

TEST_F(Trees, SetuidBitsComeOnlyFromTheTrusted) {
    auto entry = file("su");
    entry["mode"] = 04755;
    ASSERT_TRUE(received(directory / "to", forged({{entry, ""}})));
    struct stat status {};
    ::stat((directory / "to" / "su").c_str(), &status);
    EXPECT_EQ(status.st_mode & 07777, 0755u);
    if (::geteuid() != 0) return;
    entry["uid"] = 1234;
    ASSERT_TRUE(received(directory / "to", forged({{entry, ""}}), 100, {.owners = true}));
    ::stat((directory / "to" / "su").c_str(), &status);
    EXPECT_EQ(status.st_mode & 07777, 04755u);
    EXPECT_EQ(status.st_uid, 1234u);
}

TEST_F(Trees, CutOffIsIncompleteAndNothingComesAfterTheEnd) {
    auto bytes = forged({{file("a", 5), "12345"}});
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_FALSE(
            received(directory / "to", Bytes(bytes.begin(), bytes.begin() + static_cast<long>(length))));
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(received(directory / "to", bytes));
}

TEST(SafePath, PartsAreNames) {
    for (auto path : {"a", "a/b", "...", ".a", "a..b", "a/.b/c"}) EXPECT_TRUE(is_safe_path(path)) << path;
    for (auto path : {"", "/", "/a", "a/", "a//b", "..", "a/..", "../a", ".", "a/./b"})
        EXPECT_FALSE(is_safe_path(path)) << path;
}

}  // namespace
}  // namespace nap::test
