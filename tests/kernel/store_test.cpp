// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/store.hpp"

#include <gmock/gmock.h>

#include "kernel/package/archive.hpp"
#include "kernel/package/sources.hpp"
#include "kernel/record.hpp"
#include "kernel/staging.hpp"
#include "kernel/tool.hpp"
#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void ignore(const std::string& /*step*/) {}

Record some_record(const std::string& version) {
    Record record;
    record.version = version;
    record.source = "linux-image-" + version + " 1";
    record.layout.task_mm = 2272;
    record.socket_layout.listening_bucket_size = 16;
    record.layout.page_size = 64;
    record.layout.page_compound_head = 8;
    record.layout.page_mapping = 24;
    record.layout.upid_size = 16;
    record.layout.upid_ns = 8;
    record.modules = {"virtio.ko"};
    record.inputs = {{"a", "1"}};
    return record;
}

class StoreTest : public ::testing::Test {
  protected:
    [[nodiscard]] fs::path kernels() const { return temporary_.path() / "lib/kernels"; }
    [[nodiscard]] fs::path libexec() const { return temporary_.path() / "libexec"; }
    [[nodiscard]] Store store() const { return Store(kernels(), libexec()); }
    void put(const std::string& version) const {
        fs::create_directories(kernels() / version);
        ASSERT_TRUE(write_record(kernels() / version, some_record(version)));
    }
    void make_libexec() const {
        for (auto name : {"agent", "criu"}) testing::write(libexec() / name, testing::elf({{".text", name}}));
        testing::write(libexec() / "module/nap.c", "");
    }
    [[nodiscard]] std::vector<std::string> left_in_store() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(kernels()))
            if (entry.path().filename() != ".lock") names.push_back(entry.path().filename());
        return names;
    }

  private:
    testing::TemporaryDirectory temporary_;
};

TEST_F(StoreTest, AnEmptyOneHasNoKernels) {
    EXPECT_THAT(store().list().value().kernels, IsEmpty());
    auto found = store().find("6.1.0");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, ListsNewestFirstAndFinds) {
    for (auto version : {"6.1.0-9", "6.12.1", "6.1.0-47"}) put(version);
    auto list = store().list();
    ASSERT_TRUE(list) << list.error().message;
    ASSERT_EQ(list->kernels.size(), 3U);
    EXPECT_EQ(list->kernels[0].version, "6.12.1");
    EXPECT_EQ(list->kernels[2].version, "6.1.0-9");
    EXPECT_THAT(list->damaged, IsEmpty());
    auto found = store().find("6.1.0-47");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->vmlinuz, kernels() / "6.1.0-47/vmlinuz");
    EXPECT_EQ(found->layout.task_mm, 2272U);
    auto missing = store().find("6.2");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, AllOf(HasSubstr("6.12.1"), HasSubstr("6.1.0-47")));
}

TEST_F(StoreTest, VersionsAreNamesNotPaths) {
    put("6.1.0");
    for (auto version : {"", ".", "..", "../6.1.0", ".lock", "6.1.0/"}) {
        EXPECT_EQ(store().find(version).error().kind, ErrorKind::usage) << version;
        EXPECT_EQ(store().remove(version).error().kind, ErrorKind::usage) << version;
    }
}

TEST_F(StoreTest, Removes) {
    put("6.1.0");
    ASSERT_TRUE(store().remove("6.1.0"));
    EXPECT_THAT(left_in_store(), IsEmpty());
    EXPECT_EQ(store().remove("6.1.0").error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, ADamagedKernelIsNamedBesideTheOthersAndCanBeRemoved) {
    put("6.12.1");
    put("6.1.0");
    for (auto content : {"", "{", "[]", "{\"format\":2}", "{\"format\":1}"}) {
        testing::write(kernels() / "6.1.0/kernel.json", content);
        auto list = store().list();
        ASSERT_TRUE(list) << list.error().message;
        ASSERT_EQ(list->kernels.size(), 1U) << content;
        ASSERT_EQ(list->damaged.size(), 1U) << content;
        EXPECT_THAT(list->damaged.front().message,
                    AllOf(HasSubstr("6.1.0/kernel.json"), HasSubstr("nap kernel rm 6.1.0")));
        EXPECT_EQ(store().find("6.1.0").error().kind, ErrorKind::protocol);
    }
    fs::remove(kernels() / "6.1.0/kernel.json");
    EXPECT_EQ(store().find("6.1.0").error().kind, ErrorKind::protocol);
    EXPECT_TRUE(store().remove("6.1.0"));
    EXPECT_EQ(left_in_store(), std::vector<std::string>{"6.12.1"});
}

TEST_F(StoreTest, StrayFilesAreNoKernels) {
    put("6.1.0");
    testing::write(kernels() / "notes", "6.2.0");
    auto list = store().list();
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->kernels.size(), 1U);
    EXPECT_THAT(list->damaged, IsEmpty());
    EXPECT_EQ(store().find("notes").error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, AsksForPackagesByTheirNamesOnly) {
    for (auto name : {"", "../x", "-o"}) {
        auto added = store().add_package(name, ignore);
        ASSERT_FALSE(added);
        EXPECT_EQ(added.error().kind, ErrorKind::usage) << name;
    }
    EXPECT_FALSE(fs::exists(kernels()));
}

TEST_F(StoreTest, AFailedAddLeavesNothing) {
    make_libexec();
    const auto image = kernels().parent_path() / "image.deb",
               headers = kernels().parent_path() / "headers.deb";
    testing::write_deb(image, "Package: linux-image-6.1.0\nVersion: 1\n",
                       {{"./boot/vmlinuz-6.1.0", AE_IFREG, "no boot image"}});
    testing::write_deb(headers, "Package: linux-headers-6.1.0\nVersion: 1\n", {});
    auto added = store().add_debs({headers, image}, ignore);
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message, HasSubstr("vmlinuz-6.1.0"));
    EXPECT_THAT(left_in_store(), IsEmpty());
}

TEST_F(StoreTest, AKernelWithoutTheFeaturesIsRefused) {
    make_libexec();
    const auto directory = kernels().parent_path() / "own";
    const auto kernel = testing::elf({{".BTF", "none"}});
    testing::write(directory / "vmlinuz",
                   testing::boot_image("6.1.0", testing::compressed(kernel, testing::Compression::gzip)));
    testing::write(directory / "config-6.1.0", "CONFIG_MODULES=y\n");
    testing::write(directory / "modules/modules.builtin", "");
    testing::write(directory / "build/Makefile", "");
    testing::write(directory / "build/Module.symvers", "");
    auto added = store().add_files(directory / "vmlinuz", directory / "modules", directory / "build", ignore);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, ErrorKind::refused);
    EXPECT_THAT(added.error().message, HasSubstr("CONFIG_KPROBES"));
    EXPECT_THAT(left_in_store(), IsEmpty());
}

TEST_F(StoreTest, OneChangesItAtATime) {
    auto staging = Staging::begin(kernels());
    ASSERT_TRUE(staging);
    EXPECT_EQ(store().remove("6.1.0").error().kind, ErrorKind::busy);
}

TEST_F(StoreTest, WhoAddsWaitsForAnother) {
    auto first = std::make_optional(Staging::begin(kernels()));
    ASSERT_TRUE(*first);
    std::vector<std::string> told;
    auto second = Staging::begin(kernels(), [&](const std::string& step) {
        told.push_back(step);
        first.reset();
    });
    EXPECT_TRUE(second);
    EXPECT_THAT(told, ElementsAre(HasSubstr("wait for another nap")));
}

TEST_F(StoreTest, PublishingReplacesWhatWasThereInOneStep) {
    put("6.1.0");
    {
        auto staging = Staging::begin(kernels());
        ASSERT_TRUE(staging);
        testing::write(staging->target() / "new", "");
        auto published = staging->publish("6.1.0");
        ASSERT_TRUE(published) << published.error().message;
    }
    EXPECT_TRUE(fs::exists(kernels() / "6.1.0/new"));
    EXPECT_FALSE(fs::exists(kernels() / "6.1.0/kernel.json"));
    EXPECT_EQ(left_in_store(), std::vector<std::string>{"6.1.0"});
}

TEST_F(StoreTest, WhatAKilledOneLeftIsRemoved) {
    testing::write(kernels() / ".staging" / "work" / "old", "");
    EXPECT_THAT(store().list().value().kernels, IsEmpty());
    auto staging = Staging::begin(kernels());
    ASSERT_TRUE(staging);
    EXPECT_FALSE(fs::exists(kernels() / ".staging" / "work" / "old"));
}

TEST(PackageSets, NeedAnImageAndHeaders) {
    testing::TemporaryDirectory temporary;
    const auto image = temporary.path() / "a.deb", headers = temporary.path() / "b.deb";
    testing::write_deb(image, "Package: linux-image-6.1.0\nVersion: 1\n", {});
    testing::write_deb(headers, "Package: linux-headers-6.1.0\nVersion: 1\n", {});
    EXPECT_THAT(read_packages({headers}).error().message, HasSubstr("linux-image"));
    EXPECT_THAT(read_packages({image}).error().message, HasSubstr("linux-headers"));
    EXPECT_THAT(read_packages({image, headers, image}).error().message, HasSubstr("twice"));
    auto set = read_packages({headers, image});
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_EQ(set->source, "linux-image-6.1.0 1");
    EXPECT_EQ(set->digests.at("linux-image-6.1.0").size(), 64U);
}

TEST(LastLines, AreTheLast) {
    EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc");
    EXPECT_EQ(last_lines("a\nb", 5), "a\nb");
    EXPECT_EQ(last_lines("a", 1), "a");
    EXPECT_EQ(last_lines("", 3), "");
}

}  // namespace
}  // namespace nap::kernel
