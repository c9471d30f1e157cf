// SPDX-License-Identifier: GPL-2.0-only
// Disks a machine cannot be made of: each is named, and nothing is left behind.
#include "tests/volume/disks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/units.hpp"
#include "e2e/state.hpp"
#include "machine/definition/config.hpp"
#include "machine/disk/disk.hpp"

namespace nap::e2e {
namespace {

namespace fs = std::filesystem;
using test::make_ext4;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const test::Contents kSystem = {{"sbin/init", "init"}, {"etc/fstab", "LABEL=root / ext4 defaults 0 1\n"}};

class BadInputDisk : public testing::Test {
  protected:
    BadInputDisk() { state_.add_kernel("6.1.0-1-amd64"); }
    [[nodiscard]] fs::path disk() const { return state_.root() / "disk.img"; }
    [[nodiscard]] Output create(const std::string& name, const Arguments& more = {}) const {
        Arguments arguments{"create", name, "--disk", disk().string(), "--memory", "1G"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return state_.nap(arguments);
    }
    void expect_refused(const Output& output, const std::string& mentions) const {
        EXPECT_EQ(output.status, 1) << output.out;
        EXPECT_THAT(output.out, HasSubstr(mentions));
        EXPECT_FALSE(fs::exists(state_.paths().machine("m").state));
    }
    const Arguments chosen_{"--kernel", "6.1.0-1-amd64"};
    State state_;
};

TEST_F(BadInputDisk, WithoutAnInit) {
    make_ext4(disk(), {.contents = {{"etc/fstab", ""}}});
    expect_refused(create("m", chosen_), "it has no init: there is no /sbin/init");
    expect_refused(create("m"), "it has no init");
}

TEST_F(BadInputDisk, ThatIsNone) {
    write(disk(), std::string(1 << 20, 'x'));
    expect_refused(create("m", chosen_), "neither a partition table nor a file system");
    expect_refused(state_.nap({"import", disk().string(), "--name", "m"}), "neither a partition table");
}

TEST_F(BadInputDisk, WithoutAKernel) {
    make_ext4(disk(), {.contents = kSystem, .label = "root"});
    expect_refused(create("m"), "there is no kernel (vmlinuz-VERSION) in its /boot");
    const auto made = create("m", chosen_);
    EXPECT_EQ(made.status, 0) << made.out;
    EXPECT_THAT(made.out, Not(HasSubstr("warning")));
}

TEST_F(BadInputDisk, WithAKernelThatIsCutShort) {
    auto contents = kSystem;
    contents["boot/vmlinuz-6.1.0-9-amd64"] = std::string(5000, '\0');
    make_ext4(disk(), {.contents = contents, .label = "root"});
    expect_refused(create("m"), "/boot/vmlinuz-6.1.0-9-amd64 (5000 bytes) cannot be used");
}

TEST_F(BadInputDisk, WhoseFstabNamesAnother) {
    auto contents = kSystem;
    contents["etc/fstab"] = "LABEL=root / ext4 rw 0 1\nUUID=1234-5678 /srv ext4 rw 0 2\n";
    make_ext4(disk(), {.contents = contents, .label = "root"});
    const auto made = create("m", chosen_);
    EXPECT_EQ(made.status, 0) << made.out;
    EXPECT_THAT(made.out, AllOf(HasSubstr("warning"), HasSubstr("/srv"), HasSubstr("UUID=1234-5678")));
}

TEST_F(BadInputDisk, OfAnotherMachine) {
    make_ext4(disk(), {.contents = kSystem, .label = "root"});
    ASSERT_EQ(create("first", chosen_).status, 0);
    expect_refused(create("m", chosen_), "is that of machine first");
}

TEST_F(BadInputDisk, InUse) {
    make_ext4(disk(), {.contents = kSystem, .label = "root"});
    const auto held = machine::lock_disk(disk());
    ASSERT_TRUE(held);
    expect_refused(create("m", chosen_), "in use by another machine or program");
}

class Import : public BadInputDisk {
  protected:
    [[nodiscard]] std::string definition(const std::string& more = "") const {
        return "<domain type='kvm'><name>Web 1</name><memory unit='MiB'>1000</memory><vcpu>2</vcpu><devices>"
               "<disk type='file' device='disk'><source file='" +
               disk().string() +
               "'/><target dev='vda'/></disk><interface type='bridge'><mac "
               "address='52:54:00:aa:bb:cc'/></interface>" +
               more + "</devices></domain>";
    }
    [[nodiscard]] fs::path xml() const { return state_.root() / "web1.xml"; }
    [[nodiscard]] Output import(const Arguments& more) const {
        Arguments arguments{"import", xml().string(), "--kernel", "6.1.0-1-amd64"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return state_.nap(arguments);
    }
};

using BadInputImport = Import;

TEST_F(BadInputImport, MakesAMachineOfADefinition) {
    test::make_partitioned(disk(), 24, "label: gpt\nsize=4MiB, type=uefi\nsize=8MiB\n",
                           {{2, {.contents = kSystem}}});
    write(xml(), definition("<disk type='file' device='cdrom'><target dev='sda'/></disk>"));
    const auto unasked = import({});
    EXPECT_EQ(unasked.status, 2);
    EXPECT_THAT(unasked.out, AllOf(HasSubstr("52:54:00:aa:bb:cc"), HasSubstr("--net")));
    const auto made = import({"--net", "tap=tap-web1"});
    ASSERT_EQ(made.status, 0) << made.out;
    EXPECT_THAT(made.out, AllOf(HasSubstr("nap start web-1"), HasSubstr("partition 2"), HasSubstr("cdrom")));
    const auto config = machine::config_from_json(
        nlohmann::json::parse(read_file(state_.paths().machine("web-1").config()).value()));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->memory, kGiB);
    EXPECT_EQ(config->cpus, 2);
    EXPECT_EQ(config->partition, 2);
    EXPECT_EQ(config->network->mac, "52:54:00:aa:bb:cc");
}

TEST_F(BadInputImport, OptionsGoBeforeTheDefinition) {
    make_ext4(disk(), {.contents = kSystem});
    write(xml(), definition("<disk type='file' device='disk'><source file='/other.img'/></disk>"));
    const auto several = import({"--net", "none"});
    EXPECT_EQ(several.status, 1);
    EXPECT_THAT(several.out, AllOf(HasSubstr("several disks"), HasSubstr("/other.img"), HasSubstr("--disk")));
    const auto made = import({"--net", "none", "--disk", disk().string(), "--memory", "256M", "--name", "m"});
    ASSERT_EQ(made.status, 0) << made.out;
    const auto config = machine::config_from_json(
        nlohmann::json::parse(read_file(state_.paths().machine("m").config()).value()));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->memory, 256 * kMiB);
    EXPECT_FALSE(config->network);
}

TEST_F(BadInputImport, WhatIsNoDefinitionIsNamed) {
    write(xml(), "<network><name>default</name></network>");
    const auto output = import({});
    EXPECT_EQ(output.status, 1);
    EXPECT_THAT(output.out, AllOf(HasSubstr(xml().string()), HasSubstr("no definition of a libvirt guest")));
}

}  // namespace
}  // namespace nap::e2e
