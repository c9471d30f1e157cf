// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/settings.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/fd.hpp"

namespace nap::agent {
namespace {

namespace fs = std::filesystem;

class KeptSettings : public testing::Test {
  protected:
    KeptSettings() {
        fs::create_directories(folder);
        EXPECT_TRUE(write_file_at("mode", "always [madvise] never\n"));
        EXPECT_TRUE(write_file_at("pages", "4096\n"));
    }
    ~KeptSettings() override { fs::remove_all(folder); }
    bool write_file_at(const char* name, const char* text) {
        return replace_file(folder / name, text).has_value();
    }
    std::string at(const char* name) { return read_file(folder / name).value_or("?"); }
    std::string path(const char* name) { return (folder / name).string(); }
    const fs::path folder = fs::path(testing::TempDir()) / ("nap-settings-" + std::to_string(::getpid()));
};

TEST_F(KeptSettings, ComeBackToWhatTheyWereFirst) {
    Settings settings(folder / "kept");
    ASSERT_TRUE(settings.set(path("mode"), "never"));
    ASSERT_TRUE(settings.set(path("pages"), "1"));
    ASSERT_TRUE(settings.set(path("pages"), "2"));
    EXPECT_TRUE(settings.set(path("not there"), "1")) << "a kernel without it";
    EXPECT_EQ(at("pages").front(), '2');
    ASSERT_TRUE(settings.restore());
    EXPECT_TRUE(at("mode").starts_with("madvise"));
    EXPECT_EQ(at("pages"), "4096\n");
    EXPECT_FALSE(fs::exists(folder / "kept"));
}

TEST_F(KeptSettings, AreRestoredByASuccessor) {
    {
        Settings settings(folder / "kept");
        ASSERT_TRUE(settings.set(path("pages"), "1"));
    }
    Settings successor(folder / "kept");
    ASSERT_TRUE(successor.restore());
    EXPECT_EQ(at("pages"), "4096\n");
    ASSERT_TRUE(write_file_at("pages", "7\n"));
    ASSERT_TRUE(successor.restore()) << "nothing is kept any more";
    EXPECT_EQ(at("pages"), "7\n");
}

TEST_F(KeptSettings, SetBySomebodyElseMeanwhileStay) {
    Settings settings(folder / "kept");
    ASSERT_TRUE(settings.set(path("pages"), "1"));
    ASSERT_TRUE(write_file_at("pages", "77\n"));
    ASSERT_TRUE(settings.restore());
    EXPECT_EQ(at("pages"), "77\n");
}

TEST_F(KeptSettings, AreTheMachinesInWhatWasRead) {
    Settings settings(folder / "kept");
    ASSERT_TRUE(write_file_at("mode", "[madvise]\n"));
    ASSERT_TRUE(settings.set(path("mode"), "[never]"));
    ASSERT_TRUE(settings.set(path("pages"), "1"));
    std::map<std::string, std::string> read{{path("mode"), "never"}, {path("pages"), "2"}, {"other", "1"}};
    ASSERT_TRUE(settings.undo_in(read));
    EXPECT_EQ(read[path("mode")], "madvise");
    EXPECT_EQ(read[path("pages")], "2") << "set by somebody else since";
    ASSERT_TRUE(settings.restore_to(path("mode"), "always"));
    ASSERT_TRUE(settings.restore());
    EXPECT_TRUE(at("mode").starts_with("always"));
}

}  // namespace
}  // namespace nap::agent
