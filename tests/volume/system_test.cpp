// SPDX-License-Identifier: GPL-2.0-only
#include "volume/system.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "base/process.hpp"
#include "machine/disk/disk.hpp"
#include "tests/machine/scratch.hpp"
#include "tests/volume/disks.hpp"

namespace nap::volume {
namespace {

namespace fs = std::filesystem;
using test::Contents;
using test::make_ext4;
using test::make_partitioned;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr const char* kUuid = "3f2b1d6c-0d5c-4a86-9d4e-0123456789ab";
constexpr const char* kBootUuid = "5a2b1d6c-0d5c-4a86-9d4e-0123456789ab";

Contents root_with(const std::string& fstab) {
    return {{"usr/lib/systemd/systemd", "systemd"},
            {"usr/sbin/init", "-> /lib/systemd/systemd"},
            {"sbin", "-> usr/sbin"},
            {"lib", "-> usr/lib"},
            {"etc/fstab", fstab},
            {"boot/vmlinuz-6.1.0-9-amd64", std::string(200'000, 'k')}};
}

class SystemTest : public testing::Test {
  protected:
    [[nodiscard]] fs::path image() const { return scratch_.path / "disk.img"; }
    [[nodiscard]] Result<System> find(std::optional<int> partition = {},
                                      const std::string& format = "raw") const {
        NAP_TRY(auto opened, Image::open(image(), format));
        return System::find(std::move(opened), partition, "/sbin/init");
    }

  private:
    test::Scratch scratch_;
};

TEST_F(SystemTest, IsOnTheWholeDisk) {
    make_ext4(image(), {.contents = root_with("LABEL=root / ext4 defaults 0 1\n"), .label = "root"});
    auto system = find();
    ASSERT_TRUE(system) << system.error().message;
    EXPECT_EQ(system->root().number, 0);
    EXPECT_THAT(system->missing(), testing::IsEmpty());
    EXPECT_FALSE(system->was_interrupted());
    EXPECT_THAT(system->list("/boot").value(), ElementsAre("vmlinuz-6.1.0-9-amd64"));
    EXPECT_EQ(system->read("/boot/vmlinuz-6.1.0-9-amd64", 1 << 20).value(), std::string(200'000, 'k'));
    EXPECT_EQ(system->read("/sbin/init", 100).value(), "systemd");
    EXPECT_EQ(system->read("/boot/vmlinuz-6.1.0-9-amd64", 100).error().kind, ErrorKind::protocol);
    EXPECT_EQ(system->read("/boot/none", 100).error().kind, ErrorKind::not_found);
    EXPECT_EQ(system->list("/none").error().kind, ErrorKind::not_found);
    EXPECT_FALSE(system->read("/etc", 100));
    EXPECT_FALSE(find(1));
}

TEST_F(SystemTest, IsOnAPartitionWithABootOfItsOwn) {
    const auto fstab = std::string("UUID=") + kUuid + " / ext4 defaults 0 1\n# comment\nUUID=" + kBootUuid +
                       "\t/boot ext4 defaults 0 2\nUUID=ABCD-1234 /boot/efi vfat umask=0077 0 1\n"
                       "/dev/vdb1 /srv ext4 nofail 0 2\n/dev/sr0 /media iso9660 user,noauto 0 0\n";
    make_partitioned(image(), 40,
                     "label: gpt\nsize=4MiB, type=uefi\nsize=8MiB, type=linux\nsize=16MiB, type=linux\n",
                     {{2, {.contents = {{"vmlinuz-6.12.0-1-amd64", "boot"}}, .uuid = kBootUuid}},
                      {3, {.contents = root_with(fstab), .uuid = kUuid, .mib = 16}}});
    auto system = find();
    ASSERT_TRUE(system) << system.error().message;
    EXPECT_EQ(system->root().number, 3);
    EXPECT_THAT(system->list("/boot").value(), testing::Contains("vmlinuz-6.12.0-1-amd64"));
    EXPECT_EQ(system->read("/boot/vmlinuz-6.12.0-1-amd64", 100).value(), "boot");
    ASSERT_EQ(system->missing().size(), 1U);
    EXPECT_EQ(system->missing().front().at, "/boot/efi");
    EXPECT_TRUE(find(3));
    EXPECT_THAT(find(2).error().message, HasSubstr("no init"));
    EXPECT_THAT(find(7).error().message, HasSubstr("no partition 7; it has 1 (unknown), 2 (ext4), 3 (ext4)"));

    const auto converted = fs::path(image()) += ".qcow2";
    ASSERT_EQ(
        run({.argv = {"qemu-img", "convert", "-O", "qcow2", image(), converted}}, std::chrono::seconds(60))
            ->status,
        0);
    fs::rename(converted, image());
    // As whoever makes a machine of it holds it
    const auto lock = machine::lock_disk(image());
    ASSERT_TRUE(lock) << lock.error().message;
    auto same = find({}, "qcow2");
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_EQ(same->root().number, 3);
    EXPECT_EQ(same->read("/boot/vmlinuz-6.12.0-1-amd64", 100).value(), "boot");
}

TEST_F(SystemTest, IsOnALogicalPartition) {
    make_partitioned(image(), 40, "label: dos\nsize=8MiB, type=83\ntype=5\nsize=8MiB, type=83\n",
                     {{1, {.contents = {{"data", ""}}}}, {3, {.contents = root_with("")}}});
    auto system = find();
    ASSERT_TRUE(system) << system.error().message;
    EXPECT_EQ(system->root().number, 5);
}

TEST_F(SystemTest, MustHaveAnInit) {
    make_ext4(image(), {.contents = {{"etc/fstab", ""}}});
    auto system = find();
    ASSERT_FALSE(system);
    EXPECT_EQ(system.error().kind, ErrorKind::refused);
    EXPECT_THAT(system.error().message, HasSubstr("no init: there is no /sbin/init"));
}

TEST_F(SystemTest, IsNotChosenAmongSeveral) {
    make_partitioned(image(), 40, "label: gpt\nsize=8MiB\nsize=8MiB\n",
                     {{1, {.contents = root_with("")}}, {2, {.contents = root_with("")}}});
    EXPECT_THAT(find().error().message, HasSubstr("--partition N chooses one"));
    EXPECT_EQ(find(2)->root().number, 2);
}

TEST_F(SystemTest, AnImageThatIsNoDiskIsNamed) {
    for (const auto& content : {std::string(), std::string("no disk\n"), std::string(3 << 20, 'x')}) {
        std::ofstream(image()) << content;
        auto system = find();
        ASSERT_FALSE(system);
        EXPECT_EQ(system.error().kind, ErrorKind::protocol) << content.size();
        EXPECT_THAT(system.error().message, HasSubstr("neither a partition table nor a file system"));
    }
}

TEST_F(SystemTest, WhatCannotBeReadIsNamed) {
    std::ofstream(image()) << "XFSB";
    fs::resize_file(image(), 64 << 20);
    ASSERT_TRUE(run({.argv = {"sh", "-c", "mkswap -q " + image().string()}}, std::chrono::seconds(10)));
    auto swap = find();
    ASSERT_FALSE(swap);
    EXPECT_THAT(swap.error().message, HasSubstr("no init"));

    make_ext4(image(), {.contents = root_with("UUID=0000 /boot ext4 defaults 0 2\n")});
    auto system = find();
    ASSERT_TRUE(system);
    EXPECT_THAT(system->list("/boot").error().message, HasSubstr("/boot on UUID=0000, which is not on this"));
    EXPECT_EQ(system->missing().size(), 1U);
}

TEST_F(SystemTest, ADamagedOneIsAnErrorNotACrash) {
    make_ext4(image(), {.contents = root_with("LABEL=root / ext4 defaults 0 1\n")});
    std::ifstream in(image(), std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    for (std::size_t cut : {2048U, 8192U, 65536U, 1U << 20, 4U << 20}) {
        std::ofstream(image(), std::ios::binary) << whole.substr(0, cut);
        if (auto system = find()) (void)system->read("/boot/vmlinuz-6.1.0-9-amd64", 1 << 20);
    }
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::string flipped = whole;
        for (unsigned i = 0; i < 40; ++i)
            flipped[(seed * 2654435761U + i * 40503U * seed) % (1U << 20)] ^= 0x55;
        std::ofstream(image(), std::ios::binary) << flipped;
        if (auto system = find()) (void)system->read("/boot/vmlinuz-6.1.0-9-amd64", 1 << 20);
    }
}

TEST(Fstab, NamesWhatABootWaitsFor) {
    const std::vector<Partition> partitions{
        {.number = 1, .type = "ext4", .uuid = "aa-bb", .label = "root", .part_uuid = "p1"},
        {.number = 2, .type = "vfat", .uuid = "ABCD-1234"}};
    const auto mounts = parse_fstab(
        "UUID=\"aa-bb\" / ext4\nUUID=abcd-1234 /efi vfat\nPARTUUID=p1 /x auto\n/dev/disk/by-label/root /y "
        "ext4\n"
        "/dev/vda2 /z vfat\nproc /proc proc\nserver:/srv /n nfs\n/dev/mapper/a-b /m xfs\n"
        "/dev/sda1 /old ext4 rw 0 0\nLABEL=data /data ext4 defaults,x-systemd.automount\nUUID=1 none swap "
        "sw\n"
        "UUID=2 /fine ext4 rw,nofail\nhalf\n");
    std::vector<std::string> at;
    for (const auto& mount : without_disk(mounts, partitions)) at.push_back(mount.at);
    EXPECT_THAT(at, ElementsAre("/old", "/data", "none"));
}

}  // namespace
}  // namespace nap::volume
