// SPDX-License-Identifier: GPL-2.0-only
#include "machine/definition/libvirt_domain.hpp"

#include <gmock/gmock.h>

#include "base/units.hpp"

namespace nap::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As `virsh dumpxml` prints one.
constexpr const char* kDomain = R"(<domain type='kvm'>
  <name>Web 1</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/data.qcow2'/>
      <target dev='vdb' bus='virtio'/><boot order='2'/>
    </disk>
    <disk type='file' device='disk'>
      <source file='/var/lib/libvirt/images/web1.img'/><target dev='vda' bus='virtio'/><boot order='1'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='a/b'/><target dev='vdc'/></disk>
    <interface type='bridge'><mac address='52:54:00:aa:bb:cc'/><source bridge='br0'/></interface>
    <interface type='network'><mac address='52:54:00:aa:bb:cd'/></interface>
    <graphics type='vnc'/>
  </devices>
</domain>)";

TEST(LibvirtDomain, TellsWhatAMachineHas) {
    EXPECT_TRUE(is_xml(kDomain));
    const auto domain = parse_libvirt_domain(kDomain);
    ASSERT_TRUE(domain) << domain.error().message;
    EXPECT_EQ(domain->name, "Web 1");
    EXPECT_EQ(domain->memory, 2 * kGiB);
    EXPECT_EQ(domain->cpus, 2);
    EXPECT_THAT(domain->disks,
                ElementsAre("/var/lib/libvirt/images/web1.img", "/var/lib/libvirt/images/data.qcow2"));
    EXPECT_THAT(domain->macs, ElementsAre("52:54:00:aa:bb:cc", "52:54:00:aa:bb:cd"));
    EXPECT_THAT(domain->left_out, ElementsAre(HasSubstr("cdrom"), HasSubstr("vdc"), HasSubstr("graphics")));
}

TEST(LibvirtDomain, WhatIsNoneIsNamed) {
    for (const auto* xml :
         {"", "<domain", "<network><name>a</name></network>", "<domain/>", "<domain><name>a</name></domain>",
          "<domain><name>a</name><memory unit='stone'>1</memory></domain>",
          "<domain><name>a</name><memory unit='TiB'>99999999999999</memory></domain>"})
        EXPECT_EQ(parse_libvirt_domain(xml).error().kind, ErrorKind::protocol) << xml;
    const auto arm = parse_libvirt_domain(
        "<domain><name>a</name><memory>1</memory><os><type arch='aarch64'>hvm</type></os></domain>");
    EXPECT_THAT(arm.error().message, HasSubstr("aarch64"));
    EXPECT_FALSE(
        is_xml("\x7f"
               "ELF"));
    EXPECT_FALSE(is_xml(""));
}

TEST(LibvirtDomain, NamesBecomeThoseOfMachines) {
    EXPECT_EQ(machine_name_from("Web 1"), "web-1");
    EXPECT_EQ(machine_name_from("debian12.local"), "debian12.local");
    EXPECT_EQ(machine_name_from("--(x)--"), "x");
    EXPECT_EQ(machine_name_from("()"), "");
    EXPECT_EQ(machine_name_from(std::string(100, 'a')).size(), 63U);
}

}  // namespace
}  // namespace nap::machine
