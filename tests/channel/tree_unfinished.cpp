// SPDX-License-Identifier: GPL-2.0-only
// Trees that end too early: each file is the old one or the whole new one, and nothing else is left.
#include <sys/resource.h>

#include <csignal>

#include "tests/channel/trees.hpp"

namespace nap::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class UnfinishedTree : public Trees {
  protected:
    UnfinishedTree() {
        fs::create_directory(directory / "to");
        make_file(directory / "to" / "a", "old");
        make_file(directory / "to" / "b", "old");
    }
    // What lies in the target, with content.
    std::vector<std::string> left() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(directory / "to"))
            found.push_back(entry.path().filename().string() + " " + *read_file(entry.path()));
        std::ranges::sort(found);
        return found;
    }
    const Bytes two = forged({{folder(""), ""}, {file("a", 3), "new"}, {file("b", 4), "newB"}});
};

TEST_F(UnfinishedTree, LeavesEachFileOldOrNewWhereverItBreaksOff) {
    const auto target = directory / "to";
    const auto whole = forged({{file("", 3), "new"}});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(received(target / "a", Bytes(whole.begin(), whole.begin() + static_cast<long>(length))));
        EXPECT_THAT(left(), ElementsAre("a old", "b old")) << length;
    }
    for (std::size_t length = 0; length < two.size(); ++length) {
        EXPECT_FALSE(received(target, Bytes(two.begin(), two.begin() + static_cast<long>(length)), 1));
        EXPECT_THAT(left(), ElementsAre(testing::AnyOf("a old", "a new"), "b old")) << length;
    }
    EXPECT_THAT(left(), ElementsAre("a new", "b old"));
    ASSERT_TRUE(received(target, two, 1));
    EXPECT_THAT(left(), ElementsAre("a new", "b newB"));
}

TEST_F(UnfinishedTree, FileIsNotThereUnderItsNameBeforeItsEnd) {
    channel::TreeReceiver receiver(directory / "to" / "c");
    const auto bytes = forged({{file("", 5), "12345"}});
    ASSERT_TRUE(receiver.feed(std::span(bytes).first(bytes.size() - 10)));
    EXPECT_FALSE(fs::exists(directory / "to" / "c"));
    ASSERT_TRUE(receiver.feed(std::span(bytes).last(10)));
    EXPECT_THAT(left(), ElementsAre("a old", "b old", "c 12345"));
}

TEST_F(UnfinishedTree, OfAnErrorIsGoneAtOnce) {
    channel::TreeReceiver receiver(directory / "to");
    EXPECT_FALSE(receiver.feed(forged({{file("a", 3), "new"}, {file("b", 4), "newB"}, {file("../x"), ""}})));
    EXPECT_THAT(left(), ElementsAre("a new", "b old"));
}

TEST_F(UnfinishedTree, SymlinkLeavesTheOldFileToo) {
    const auto tree = forged({{link("a", "b"), ""}});
    EXPECT_FALSE(received(directory / "to", Bytes(tree.begin(), tree.end() - 1)));
    EXPECT_FALSE(fs::is_symlink(directory / "to" / "a"));
    EXPECT_THAT(left(), ElementsAre("a old", "b old"));
    ASSERT_TRUE(received(directory / "to", tree));
    EXPECT_EQ(fs::read_symlink(directory / "to" / "a"), "b");
}

TEST_F(UnfinishedTree, FileThatCannotBeWrittenIsNamed) {
    make_file(directory / "large", std::string(100'000, 'x'));
    const auto bytes = sent(directory / "large");
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{50'000, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto result = received(directory / "to" / "a", bytes);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr((directory / "to" / "a").string()));
    EXPECT_THAT(left(), ElementsAre("a old", "b old"));
}

}  // namespace
}  // namespace nap::test
