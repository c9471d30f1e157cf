// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/initramfs.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel/image/cpio.hpp"
#include "kernel/image/libraries.hpp"
#include "kernel/package/archive.hpp"
#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<CpioEntry> read_cpio(const fs::path& file) {
    ArchiveReader reader(archive_read_new());
    archive_read_support_format_cpio(reader.get());
    EXPECT_EQ(archive_read_open_filename(reader.get(), file.c_str(), 1 << 16), ARCHIVE_OK);
    std::vector<CpioEntry> entries;
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
        std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
        archive_read_data(reader.get(), content.data(), content.size());
        if (const char* target = archive_entry_symlink(entry)) content = target;
        entries.push_back(
            {archive_entry_pathname(entry), archive_entry_mode(entry), content, archive_entry_rdev(entry)});
    }
    return entries;
}

const CpioEntry* find(const std::vector<CpioEntry>& entries, const std::string& path) {
    auto found = std::ranges::find(entries, path, &CpioEntry::path);
    return found == entries.end() ? nullptr : &*found;
}

TEST(Cpio, WritesWhatItIsGivenAfterItsDirectories) {
    testing::TemporaryDirectory temporary;
    auto file = temporary.path() / "cpio";
    auto written = write_cpio(file, {cpio_file("a/b/file", "content", 0755),
                                     {"a/link", S_IFLNK | 0777, "b/file"},
                                     {"dev/console", S_IFCHR | 0600, {}, makedev(5, 1)},
                                     {"a", S_IFDIR | 0755, {}}});
    ASSERT_TRUE(written) << written.error().message;
    auto entries = read_cpio(file);
    std::vector<std::string> paths;
    for (const auto& entry : entries) paths.push_back(entry.path);
    EXPECT_THAT(paths, ElementsAre("a", "a/b", "a/b/file", "a/link", "dev", "dev/console"));
    EXPECT_EQ(entries[2].content, "content");
    EXPECT_EQ(entries[2].mode, S_IFREG | 0755U);
    EXPECT_EQ(entries[3].content, "b/file");
    EXPECT_EQ(entries[5].mode, S_IFCHR | 0600U);
    EXPECT_EQ(entries[5].device, makedev(5, 1));
    EXPECT_TRUE(testing::read(file).starts_with("070701"));  // newc
}

TEST(Cpio, EqualEntriesGiveEqualBytes) {
    testing::TemporaryDirectory temporary;
    for (auto name : {"1", "2"})
        ASSERT_TRUE(write_cpio(temporary.path() / name, {cpio_file("x/y", "z", 0644)}));
    EXPECT_EQ(testing::read(temporary.path() / "1"), testing::read(temporary.path() / "2"));
}

TEST(Cpio, SaysWhereItCannotWrite) {
    auto written = write_cpio("/nonexistent/file", {});
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().message, HasSubstr("/nonexistent/file"));
}

TEST(Initramfs, HoldsProgramsModulesAndTheirOrder) {
    testing::TemporaryDirectory temporary;
    const auto libexec = temporary.path() / "libexec";
    for (auto name : {"agent", "criu"}) testing::write(libexec / name, testing::read("/bin/true"));
    auto programs = programs_of(libexec);
    ASSERT_TRUE(programs) << programs.error().message;
    EXPECT_EQ(programs->at("/init"), libexec / "agent");
    EXPECT_TRUE(programs->contains("/lib64/ld-linux-x86-64.so.2"));

    auto file = temporary.path() / "initramfs.img";
    auto written = write_initramfs(file, *programs, {{"virtio", "first"}, {"virtio_pci", "second"}}, "adopt",
                                   temporary.path());
    ASSERT_TRUE(written) << written.error().message;
    auto entries = read_cpio(file);
    ASSERT_TRUE(find(entries, "nap/modules.list"));
    EXPECT_EQ(find(entries, "nap/modules.list")->content,
              "/nap/modules/00-virtio.ko\n/nap/modules/01-virtio_pci.ko\n");
    EXPECT_EQ(find(entries, "nap/modules/01-virtio_pci.ko")->content, "second");
    EXPECT_EQ(find(entries, "nap/nap.ko")->content, "adopt");
    EXPECT_TRUE(find(entries, "init"));
    ASSERT_TRUE(find(entries, "nap/criu"));
    EXPECT_EQ(find(entries, "nap/criu")->mode, S_IFREG | 0755U);
    for (auto directory : {"proc", "sys", "dev", "run", "tmp", "root", "etc"})
        EXPECT_TRUE(find(entries, directory)) << directory;
    EXPECT_EQ(find(entries, "dev/null")->device, makedev(1, 3));
}

TEST(Initramfs, NeedsTheAgent) {
    testing::TemporaryDirectory temporary;
    auto programs = programs_of(temporary.path());
    ASSERT_FALSE(programs);
    EXPECT_THAT(programs.error().message, HasSubstr("agent"));
}

TEST(Libraries, AreWhereTheLoaderLooks) {
    auto libraries = parse_library_list(
        "\tlinux-vdso.so.1 (0x00007ffd)\n"
        "\tlibown.so.1 => /usr/local/lib/libown.so.1 (0x00007f01)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f00)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)\n");
    ASSERT_TRUE(libraries) << libraries.error().message;
    EXPECT_THAT(*libraries,
                ElementsAre(Library{"/usr/local/lib/libown.so.1", "/lib/x86_64-linux-gnu/libown.so.1"},
                            Library{"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"}));
}

TEST(Libraries, AMissingOneIsNamed) {
    auto libraries = parse_library_list("\tlibgone.so.3 => not found\n");
    ASSERT_FALSE(libraries);
    EXPECT_THAT(libraries.error().message, HasSubstr("libgone.so.3"));
}

}  // namespace
}  // namespace nap::kernel
