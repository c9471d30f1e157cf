// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/deb.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "kernel/package/archive.hpp"
#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

namespace fs = std::filesystem;
using testing::Compression;
using ::testing::HasSubstr;
using testing::TarEntry;

constexpr auto kControl = "Package: linux-image-6.1.0-test\nVersion: 6.1.1-1\nDepends: a (>= 1) | b, c\n";

class Deb : public ::testing::Test {
  protected:
    void SetUp() override { fs::create_directory(out()); }
    [[nodiscard]] fs::path out() const { return temporary_.path() / "out"; }
    [[nodiscard]] fs::path outside() const { return temporary_.path() / "outside"; }
    [[nodiscard]] fs::path deb(const std::vector<TarEntry>& entries,
                               Compression how = Compression::xz) const {
        auto file = temporary_.path() / "test.deb";
        testing::write_deb(file, kControl, entries, how);
        return file;
    }
    void expect_refused(const std::vector<TarEntry>& entries) const {
        auto result = deb_unpack(deb(entries), out());
        EXPECT_FALSE(result);
        EXPECT_FALSE(fs::exists(outside()));
    }

  private:
    testing::TemporaryDirectory temporary_;
};

TEST_F(Deb, GivesItsControlFields) {
    auto control = deb_control(deb({}));
    ASSERT_TRUE(control) << control.error().message;
    EXPECT_EQ(control->get("Package"), "linux-image-6.1.0-test");
    EXPECT_EQ(control->get("Version"), "6.1.1-1");
}

TEST_F(Deb, UnpacksFilesDirectoriesAndLinks) {
    for (auto how : {Compression::none, Compression::gzip, Compression::xz, Compression::zstd}) {
        fs::remove_all(out());
        fs::create_directory(out());
        auto result = deb_unpack(deb({{"./", AE_IFDIR, "", 0755},
                                      {"./usr/", AE_IFDIR, "", 0500},
                                      {"./usr/file", AE_IFREG, "content", 04755},
                                      {"./usr/link", AE_IFLNK, "/usr/file"},
                                      {"./usr/same", AE_IFREG, "./usr/file", 0644, true}},
                                     how),
                                 out());
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(testing::read(out() / "usr/file"), "content");
        EXPECT_EQ(fs::read_symlink(out() / "usr/link"), "/usr/file");
        EXPECT_TRUE(fs::equivalent(out() / "usr/file", out() / "usr/same"));
        struct stat status {};
        ASSERT_EQ(::stat((out() / "usr/file").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, 0755U);  // no setuid
    }
}

TEST_F(Deb, RefusesNamesThatLeadOutside) {
    expect_refused({{"../outside", AE_IFREG, "x"}});
    expect_refused({{"./a/../../outside", AE_IFREG, "x"}});
    expect_refused({{outside().string(), AE_IFREG, "x"}});
}

TEST_F(Deb, RefusesToWriteThroughLinks) {
    fs::create_directory(outside());
    auto result =
        deb_unpack(deb({{"./dir", AE_IFLNK, outside().string()}, {"./dir/file", AE_IFREG, "x"}}), out());
    EXPECT_FALSE(result);
    EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(Deb, ReplacesALinkRatherThanWritingToItsTarget) {
    testing::write(outside(), "before");
    auto result = deb_unpack(deb({{"./f", AE_IFLNK, outside().string()}, {"./f", AE_IFREG, "after"}}), out());
    EXPECT_TRUE(result);
    EXPECT_EQ(testing::read(outside()), "before");
}

TEST_F(Deb, RefusesHardLinksThatLeadOutside) {
    testing::write(outside(), "before");
    EXPECT_FALSE(deb_unpack(deb({{"./f", AE_IFREG, outside().string(), 0644, true}}), out()));
    EXPECT_FALSE(deb_unpack(deb({{"./f", AE_IFREG, "../outside", 0644, true}}), out()));
    EXPECT_FALSE(fs::exists(out() / "f"));
}

TEST_F(Deb, RefusesDevices) {
    expect_refused({{"./null", AE_IFCHR, ""}});
}

TEST_F(Deb, OtherAndBrokenFilesAreErrorsThatNameThem) {
    auto file = deb({{"./file", AE_IFREG, std::string(100000, 'x')}});
    auto whole = testing::read(file);
    for (std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{100}, whole.size() / 2}) {
        testing::write(file, whole.substr(0, size));
        auto result = deb_unpack(file, out());
        ASSERT_FALSE(result) << size;
        EXPECT_THAT(result.error().message, HasSubstr("test.deb"));
    }
    EXPECT_FALSE(deb_control(file.parent_path() / "none.deb"));
}

TEST(Control, ReadsParagraphsAndDependencies) {
    auto paragraphs = parse_control(
        "Package: a\nDepends: x (= 1) | y,\n z:any [amd64]\nDescription: one\n two\n\n\nPackage: b\nN: no\n");
    ASSERT_EQ(paragraphs.size(), 2U);
    EXPECT_THAT(paragraphs[0].depends(), ::testing::ElementsAre("x", "z"));
    EXPECT_EQ(paragraphs[0].get("Description"), "one\ntwo");
    EXPECT_EQ(paragraphs[1].get("Package"), "b");
    EXPECT_EQ(paragraphs[1].get("none"), "");
    EXPECT_TRUE(paragraphs[1].depends().empty());
}

TEST(Control, OddTextIsNoParagraph) {
    EXPECT_TRUE(parse_control("").empty());
    EXPECT_TRUE(parse_control("no colon\n  continued\n\n").empty());
}

}  // namespace
}  // namespace nap::kernel
