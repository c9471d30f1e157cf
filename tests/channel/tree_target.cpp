// SPDX-License-Identifier: GPL-2.0-only
// What stands where a tree goes: what is replaced, what is kept of it, and what is refused.
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel/tree.hpp"
#include "tests/channel/trees.hpp"

namespace nap::test {
namespace {

using testing::HasSubstr;

class TreeTarget : public Trees {
  protected:
    TreeTarget() {
        make_file(directory / "one", "1");
        fs::create_directories(directory / "from" / "sub");
        make_file(directory / "from" / "x", "x");
        fs::create_directory(directory / "there");
    }
    // What is neither a file nor a folder nor a symlink, by name of its kind.
    std::vector<std::pair<std::string, fs::path>> special_files(const fs::path& folder) {
        std::vector<std::pair<std::string, fs::path>> made;
        if (::mkfifo((folder / "fifo").c_str(), 0600) == 0) made.emplace_back("FIFO", folder / "fifo");
        const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{AF_UNIX, {}};
        (folder / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
            made.emplace_back("socket", folder / "socket");
        if (::mknod((folder / "device").c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0)  // root's privilege
            made.emplace_back("device", folder / "device");
        return made;
    }
};

TEST_F(TreeTarget, FileKeepsItsOwnerAndMode) {
    make_file(directory / "old", "before");
    const auto owner = ::geteuid() == 0 ? std::pair(1234u, 2345u) : std::pair(::geteuid(), ::getegid());
    ASSERT_EQ(::chown((directory / "old").c_str(), owner.first, owner.second), 0);
    ASSERT_EQ(::chmod((directory / "old").c_str(), 04604), 0);
    ASSERT_TRUE(received(directory / "old", sent(directory / "one")));
    EXPECT_EQ(read_file(directory / "old"), "1");
    const auto status = status_of(directory / "old");
    EXPECT_EQ(status.st_mode & 07777, 0604u);  // setuid was meant for what was in it
    EXPECT_EQ(std::pair(status.st_uid, status.st_gid), owner);
    ASSERT_TRUE(received(directory, forged({{file("old", 1), "2"}})));
    EXPECT_EQ(read_file(directory / "old"), "2");
    EXPECT_EQ(status_of(directory / "old").st_mode & 07777, 0604u);
}

TEST_F(TreeTarget, SymlinkIsFollowedToItsFile) {
    make_file(directory / "there" / "real", "before", 0604);
    fs::create_symlink("there/real", directory / "middle");
    fs::create_symlink("middle", directory / "link");
    ASSERT_TRUE(received(directory / "link", sent(directory / "one")));
    EXPECT_EQ(fs::read_symlink(directory / "link"), "middle");
    EXPECT_EQ(fs::read_symlink(directory / "middle"), "there/real");
    EXPECT_EQ(read_file(directory / "there" / "real"), "1");
    EXPECT_EQ(status_of(directory / "there" / "real").st_mode & 07777, 0604u);
}

TEST_F(TreeTarget, SymlinkToNothingOrToADeviceIsRefused) {
    fs::create_symlink("nowhere", directory / "dangling");
    fs::create_symlink("/dev/null", directory / "null");
    for (const auto* name : {"dangling", "null"})
        for (const auto* from : {"one", "from"}) {
            const auto result = received(directory / name, sent(directory / from));
            ASSERT_FALSE(result) << name;
            EXPECT_EQ(result.error().kind, ErrorKind::refused);
            EXPECT_THAT(result.error().message, HasSubstr((directory / name).string()));
            EXPECT_TRUE(fs::is_symlink(directory / name));
        }
    EXPECT_FALSE(fs::exists(directory / "nowhere"));
}

TEST_F(TreeTarget, SpecialFilesAreRefused) {
    for (const auto& [kind, path] : special_files(directory / "there")) {
        const auto before = status_of(path);
        const auto name = path.filename().string();
        auto into = file("", 1);
        into["name"] = name;
        const auto at_target = received(path, sent(directory / "one"));
        const auto in_target = received(directory / "there", forged({{into, "1"}}));
        const auto below = received(directory / "there", forged({{file(name, 1), "1"}}));
        const auto link_below = received(directory / "there", forged({{link(name, "x"), ""}}));
        for (const auto& result : {at_target, in_target, below, link_below}) {
            ASSERT_FALSE(result) << path;
            EXPECT_THAT(result.error().message, HasSubstr(path.string() + ": it is a " + kind));
        }
        EXPECT_FALSE(received(path, sent(directory / "from")));
        EXPECT_FALSE(received(directory / "there", forged({{folder(name), ""}})));
        const auto after = status_of(path);
        EXPECT_EQ(std::pair(before.st_ino, before.st_mode), std::pair(after.st_ino, after.st_mode));
    }
}

TEST_F(TreeTarget, FolderAndFileDoNotReplaceEachOther) {
    auto folder_over_file = received(directory / "one", sent(directory / "from"));
    ASSERT_FALSE(folder_over_file);
    EXPECT_THAT(folder_over_file.error().message, HasSubstr("is no folder"));
    fs::create_directories(directory / "there" / "one");
    EXPECT_FALSE(received(directory / "there", sent(directory / "one")));
    make_file(directory / "there" / "from", "a file");
    EXPECT_FALSE(received(directory / "there", sent(directory / "from")));
    fs::remove(directory / "there" / "from");
    fs::create_directory_symlink(directory, directory / "there" / "from");
    EXPECT_FALSE(received(directory / "there", sent(directory / "from")));
    EXPECT_FALSE(fs::exists(directory / "x"));
}

// The sender chose that name: what it names beyond the folder is not the target.
TEST_F(TreeTarget, SymlinkUnderASentNameIsNotFollowed) {
    make_file(directory / "outside", "untouched");
    fs::create_symlink("../outside", directory / "there" / "one");
    ASSERT_TRUE(received(directory / "there", sent(directory / "one")));
    EXPECT_EQ(read_file(directory / "outside"), "untouched");
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(directory / "there" / "one")));
}

TEST_F(TreeTarget, FolderGoesIntoAFolderUnderItsName) {
    ASSERT_TRUE(received(directory / "there" / "", sent(directory / "from" / "")));
    EXPECT_EQ(read_file(directory / "there" / "from" / "x"), "x");
    EXPECT_TRUE(fs::is_directory(directory / "there" / "from" / "sub"));
    fs::remove(directory / "there" / "from" / "x");
    ASSERT_TRUE(received(directory / "there", sent(directory / "from")));  // merged
    EXPECT_EQ(read_file(directory / "there" / "from" / "x"), "x");
    EXPECT_FALSE(fs::exists(directory / "there" / "from" / "from"));
    EXPECT_FALSE(fs::exists(directory / "there" / "x"));
}

TEST_F(TreeTarget, FolderBecomesWhatIsNotThere) {
    for (const fs::path& to : {directory / "new", directory / "newer" / ""}) {
        ASSERT_TRUE(received(to, sent(directory / "from")));
        EXPECT_EQ(read_file(to / "x"), "x");
    }
    EXPECT_FALSE(received(directory / "missing" / "new", sent(directory / "from")));
    EXPECT_FALSE(fs::exists(directory / "missing"));
    EXPECT_FALSE(received("", sent(directory / "from")));
}

TEST_F(TreeTarget, FolderWithoutANameIsPoured) {
    ASSERT_TRUE(received(directory / "there", sent(directory / "from" / "sub" / "..")));
    EXPECT_EQ(read_file(directory / "there" / "x"), "x");
    fs::remove(directory / "there" / "x");
    ASSERT_TRUE(received(directory / "there", sent(directory / "from" / ".")));
    EXPECT_EQ(read_file(directory / "there" / "x"), "x");
}

TEST_F(TreeTarget, ReceiverKnowsTheNameBetter) {
    auto single = file("", 1);
    single["name"] = ".profile";
    ASSERT_TRUE(received(directory / "there", forged({{single, "1"}}), 1, {}, "asked"));
    EXPECT_TRUE(fs::exists(directory / "there" / "asked"));
    auto root = folder("");
    root["name"] = "elsewhere";
    ASSERT_TRUE(received(directory / "there", forged({{root, ""}, {file("y", 1), "y"}}), 1, {}, ""));
    EXPECT_EQ(read_file(directory / "there" / "y"), "y");
    EXPECT_EQ(std::distance(fs::directory_iterator(directory / "there"), {}), 2);
}

TEST(NameOfRoot, IsTheLastComponent) {
    using channel::name_of_root;
    for (const auto* path : {"x", "a/x", "/x", "/x/", "x//", "a/../x", "./x"})
        EXPECT_EQ(name_of_root(path), "x");
    for (const auto* path : {"", "/", "//", ".", "./", "..", "../", "a/.", "a/..", "a/../", "/.."})
        EXPECT_EQ(name_of_root(path), "") << path;
}

}  // namespace
}  // namespace nap::test
