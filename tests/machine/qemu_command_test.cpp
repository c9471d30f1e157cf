// SPDX-License-Identifier: GPL-2.0-only
// QEMU's command line, older and newer, with and without network, TCG and KVM.
#include "machine/qemu/qemu_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace nap::machine {
namespace {

using Json = nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

GenerationSpec older() {
    GenerationSpec spec;
    spec.machine = "web";
    spec.number = 3;
    spec.vmlinuz = "/lib/k/vmlinuz";
    spec.initramfs = "/lib/k/initramfs.img";
    spec.layout = {512 * kMiB, kGiB};
    spec.kernel_memory_file = "/dev/shm/nap/web/k-3";
    spec.user_memory_file = "/dev/shm/nap/web/u";
    spec.disk = "/srv/a,b.img";
    spec.disk_format = "raw";
    spec.qmp_socket = "/run/nap/web,1/gen-3/qmp.sock";
    spec.agent_socket = "/run/nap/web,1/gen-3/agent.sock";
    spec.console_log = "/var/lib/nap/machines/web/console.log";
    return spec;
}

GenerationSpec newer() {
    auto spec = older();
    spec.newer = true;
    spec.overlay = "/dev/shm/nap/web/overlay-3.qcow2";
    return spec;
}

GenerationSpec with_network(GenerationSpec spec) {
    spec.network = true;
    spec.mac = "52:54:00:12:34:56";
    return spec;
}

// All values of an option.
std::vector<std::string> values(const std::vector<std::string>& command, std::string_view option) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i + 1 < command.size(); ++i)
        if (command[i] == option) found.push_back(command[i + 1]);
    return found;
}

// The JSON value of `option` whose `key` is `value`; null where there is none.
Json json_value(const GenerationSpec& spec, std::string_view option, const char* key,
                const std::string& value) {
    for (const auto& text : values(qemu_command(spec), option)) {
        auto json = Json::parse(text, nullptr, false);
        if (json.is_object() && json.value(key, "") == value) return json;
    }
    return nullptr;
}

TEST(QemuCommand, TakesNothingThatItWasNotTold) {
    auto command = qemu_command(older());
    EXPECT_EQ(command[0], "qemu-system-x86_64");
    for (const char* option : {"-nodefaults", "-no-user-config", "-nographic", "-action", "-sandbox"})
        EXPECT_THAT(command, Contains(option));
    EXPECT_THAT(values(command, "-name"), testing::ElementsAre("guest=web-3"));
    EXPECT_THAT(values(command, "-vga"), IsEmpty());
    EXPECT_THAT(values(command, "-machine")[0], HasSubstr("usb=off"));
}

TEST(QemuCommand, PutsKernelMemoryFirstAndUserMemoryAt4GiB) {
    auto spec = older();
    auto command = qemu_command(spec);
    EXPECT_THAT(values(command, "-m"), testing::ElementsAre("512M,slots=1,maxmem=1536M"));
    EXPECT_THAT(values(command, "-machine")[0], HasSubstr("memory-backend=kernel-memory"));
    auto kernel = json_value(spec, "-object", "id", "kernel-memory");
    EXPECT_EQ(kernel["mem-path"], "/proc/self/fd/" + std::to_string(kKernelMemoryFd));
    EXPECT_EQ(kernel["size"], 512 * kMiB);
    EXPECT_EQ(kernel["share"], true);
    auto user = json_value(spec, "-object", "id", "user-memory");
    EXPECT_EQ(user["mem-path"], "/proc/self/fd/" + std::to_string(kUserMemoryFd));
    EXPECT_EQ(user["size"], kGiB);
    EXPECT_EQ(user["share"], true);
    EXPECT_EQ(user["align"], 2 * kMiB);
    EXPECT_FALSE(kernel.contains("align"));
    auto dimm = json_value(spec, "-device", "driver", "pc-dimm");
    EXPECT_EQ(dimm["memdev"], "user-memory");
    EXPECT_EQ(dimm["addr"], 4 * kGiB);
}

TEST(QemuCommand, AvoidsTheInstructionThatTcgMiscomputes) {
    auto spec = older();
    EXPECT_THAT(values(qemu_command(spec), "-cpu"),
                testing::ElementsAre("max,-cx16,-erms,-fsrm,-svm,-vmx,min-xlevel=0x80000008"));
    EXPECT_THAT(values(qemu_command(spec), "-accel")[0], HasSubstr("tcg,thread=multi"));
    spec.accelerator = Accelerator::kvm;
    EXPECT_THAT(values(qemu_command(spec), "-accel"), testing::ElementsAre("kvm"));
}

TEST(QemuCommand, HidesVirtualMachinesFromAnyProcessorModel) {
    auto spec = older();
    spec.accelerator = Accelerator::kvm;
    EXPECT_THAT(values(qemu_command(spec), "-cpu"), testing::ElementsAre("host,-svm,-vmx"));
    spec.cpu = "EPYC-v3";
    EXPECT_THAT(values(qemu_command(spec), "-cpu"), testing::ElementsAre("EPYC-v3,-svm,-vmx"));
    spec.accelerator = Accelerator::tcg;
    EXPECT_THAT(values(qemu_command(spec), "-cpu"),
                testing::ElementsAre("EPYC-v3,-cx16,-erms,-fsrm,-svm,-vmx,min-xlevel=0x80000008"));
}

// Else a panic, a triple fault and a power-off look alike.
TEST(QemuCommand, LetsAGuestsEndBeToldApart) {
    for (const auto& spec : {older(), newer()}) {
        EXPECT_THAT(values(qemu_command(spec), "-action"),
                    testing::ElementsAre("reboot=shutdown,shutdown=poweroff,panic=none"));
        EXPECT_FALSE(json_value(spec, "-device", "driver", "pvpanic").is_null());
        EXPECT_THAT(kernel_command_line(spec), HasSubstr("earlycon="));
    }
}

// An emulated processor without another would have no memory barriers.
TEST(QemuCommand, EmulatedProcessorsKeepTheirBarriers) {
    auto spec = older();
    spec.cpus = 1;
    spec.accelerator = Accelerator::tcg;
    EXPECT_THAT(values(qemu_command(spec), "-smp"), testing::ElementsAre("1,maxcpus=2"));
    EXPECT_THAT(kernel_command_line(spec), HasSubstr("nr_cpus=1"));
    spec.cpus = 2;
    EXPECT_THAT(values(qemu_command(spec), "-smp"), testing::ElementsAre("2"));
    EXPECT_THAT(kernel_command_line(spec), testing::Not(HasSubstr("nr_cpus")));
    spec.cpus = 1;
    spec.accelerator = Accelerator::kvm;
    EXPECT_THAT(values(qemu_command(spec), "-smp"), testing::ElementsAre("1"));
}

TEST(QemuCommand, GivesBothGenerationsTheSameProcessor) {
    for (auto accelerator : {Accelerator::kvm, Accelerator::tcg}) {
        auto first = older(), second = newer();
        first.accelerator = second.accelerator = accelerator;
        first.cpus = second.cpus = 4;
        for (const char* option : {"-cpu", "-smp", "-machine", "-accel", "-m"})
            EXPECT_EQ(values(qemu_command(first), option), values(qemu_command(second), option)) << option;
        EXPECT_THAT(values(qemu_command(first), "-smp"), testing::ElementsAre("4"));
    }
}

TEST(QemuCommand, OnlyTheFirstGenerationOnlinesUserMemoryItself) {
    EXPECT_THAT(kernel_command_line(older()), HasSubstr("memhp_default_state=online_movable"));
    EXPECT_THAT(kernel_command_line(newer()), HasSubstr("memhp_default_state=offline"));
    for (const auto& spec : {older(), newer()}) {
        auto line = kernel_command_line(spec);
        EXPECT_THAT(values(qemu_command(spec), "-append"), testing::ElementsAre(line));
        for (const char* part :
             {"console=ttyS0", "panic=-1", "transparent_hugepage=always", "random.trust_cpu=on"})
            EXPECT_THAT(line, HasSubstr(part));
        EXPECT_THAT(line, Not(HasSubstr("nokaslr")));
    }
}

TEST(QemuCommand, OpensTheImageInTheFirstGeneration) {
    auto spec = older();
    auto node = json_value(spec, "-blockdev", "node-name", "root-image");
    EXPECT_EQ(node["driver"], "raw");
    EXPECT_EQ(node["read-only"], false);
    EXPECT_EQ(node["file"]["driver"], "file");
    EXPECT_EQ(node["file"]["filename"], "/dev/fdset/2");
    EXPECT_THAT(values(qemu_command(spec), "-add-fd"), Contains("fd=" + std::to_string(kDiskFd) + ",set=2"));
    EXPECT_EQ(node["file"]["locking"], "off");
    EXPECT_EQ(node["discard"], "unmap");
    auto device = json_value(spec, "-device", "driver", "virtio-blk-pci");
    EXPECT_EQ(device["drive"], "root-image");
    EXPECT_EQ(device["serial"], "nap-root");
    spec.disk_is_device = true;
    EXPECT_EQ(json_value(spec, "-blockdev", "node-name", "root-image")["file"]["driver"], "host_device");
}

TEST(QemuCommand, KeepsTheImageFromTheNewerGeneration) {
    auto spec = newer();
    EXPECT_TRUE(json_value(spec, "-blockdev", "node-name", "root-image").is_null());
    auto node = json_value(spec, "-blockdev", "node-name", "root-overlay");
    EXPECT_EQ(node["driver"], "qcow2");
    EXPECT_TRUE(node.contains("backing") && node["backing"].is_null());
    EXPECT_EQ(node["file"]["filename"], "/dev/fdset/3");
    EXPECT_THAT(values(qemu_command(spec), "-add-fd"), Contains("fd=" + std::to_string(kDiskFd) + ",set=3"));
    EXPECT_EQ(json_value(spec, "-device", "driver", "virtio-blk-pci")["drive"], "root-overlay");
}

TEST(QemuCommand, HasNoNetworkWithoutTap) {
    for (const auto& spec : {older(), newer()}) {
        EXPECT_THAT(values(qemu_command(spec), "-netdev"), IsEmpty());
        EXPECT_TRUE(json_value(spec, "-device", "driver", "virtio-net-pci").is_null());
        EXPECT_TRUE(json_value(spec, "-object", "qom-type", "filter-buffer").is_null());
    }
}

TEST(QemuCommand, HoldsThePacketsOfTheNewerGenerationOnly) {
    for (const auto& spec : {with_network(older()), with_network(newer())}) {
        EXPECT_THAT(values(qemu_command(spec), "-netdev"),
                    testing::ElementsAre("tap,id=network,fd=10,vhost=off"));
        auto nic = json_value(spec, "-device", "driver", "virtio-net-pci");
        EXPECT_EQ(nic["mac"], "52:54:00:12:34:56");
        auto hold = json_value(spec, "-object", "qom-type", "filter-buffer");
        EXPECT_EQ(hold.is_null(), !spec.newer);
        if (spec.newer) {
            EXPECT_EQ(hold["queue"], "all");
            EXPECT_EQ(hold["interval"], 4294967295U);
        }
    }
}

TEST(QemuCommand, KeepsTheHeaderBeforePacketsAt10Bytes) {
    auto nic = json_value(with_network(older()), "-device", "driver", "virtio-net-pci");
    EXPECT_EQ(nic["disable-modern"], true);
    EXPECT_EQ(nic["mrg_rxbuf"], false);
}

TEST(QemuCommand, ListensOnSocketsItInherits) {
    auto chardevs = values(qemu_command(older()), "-chardev");
    ASSERT_THAT(chardevs, SizeIs(3));
    for (const auto& [id, socket] : {std::pair("qmp", kQmpFd), std::pair("agent", kAgentFd)})
        EXPECT_THAT(chardevs, Contains("socket,id=" + std::string(id) +
                                       ",server=on,wait=off,fd=" + std::to_string(socket)));
    const auto port = json_value(older(), "-device", "driver", "virtserialport");
    EXPECT_EQ(port["name"], "org.nap.agent");
    EXPECT_EQ(port["id"], kAgentPort);  // or nobody hears of an agent's end
}

TEST(QemuCommand, NamesNoFileOfTheMachine) {
    for (const auto& spec : {older(), newer()})
        for (const auto& argument : qemu_command(spec))
            for (const auto& path :
                 {spec.vmlinuz, spec.initramfs, spec.kernel_memory_file, spec.user_memory_file, spec.disk,
                  spec.qmp_socket, spec.agent_socket, spec.console_log})
                EXPECT_THAT(argument, Not(HasSubstr(path.string())));
}

}  // namespace
}  // namespace nap::machine
