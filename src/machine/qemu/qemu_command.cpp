// SPDX-License-Identifier: GPL-2.0-only
// Builds QEMU's command line. What can be JSON is JSON, so that no path needs quoting.
#include "machine/qemu/qemu_command.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "machine/disk/block.hpp"
#include "machine/network/network_hold.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

// Translated code, MiB; when it is full, all of it is thrown away. With 164 processes 64 are full in the
// middle of the pause, and what follows takes twice as long (measured: connections 26 against 15 ms); with 7
// the peak of extra memory is 245 MiB with 64, 280 with 128.
constexpr const char* kTranslationCache = "128";

std::string mib(std::uint64_t bytes) {
    return std::to_string(bytes / kMiB) + "M";
}

// For what QEMU opens with open(2) alone: its own descriptor once more. The file's mode counts, not the
// folders' above it.
std::string reopened(Descriptor descriptor) {
    return "/proc/self/fd/" + std::to_string(descriptor);
}

void add(Arguments& to, const char* option, const std::string& value) {
    to.emplace_back(option);
    to.push_back(value);
}

void add(Arguments& to, const char* option, const Json& value) {
    add(to, option, value.dump());
}

// One emulated processor.
bool alone(const GenerationSpec& spec) {
    return spec.accelerator == Accelerator::tcg && spec.cpus == 1;
}

// The same for all generations. No virtual machines inside: they could not be carried over.
std::string processor(const GenerationSpec& spec) {
    constexpr const char* kHidden = ",-svm,-vmx";
    if (spec.accelerator == Accelerator::kvm) return spec.cpu + kHidden;
    // QEMU 7.2 miscomputes cmpxchg16b. It repeats a string operation a byte at a time: kernels must not
    // take that for the fastest way to fill a page (ERMS, FSRM).
    // Without svm QEMU would end CPUID before the leaf of address widths: a kernel that has switched to
    // addresses of 57 bits would take 48 for all there are, and read zeros in /proc/kcore.
    return (spec.cpu == kHostCpu ? "max" : spec.cpu) + ",-cx16,-erms,-fsrm" + kHidden +
           ",min-xlevel=0x80000008";
}

void add_machine(Arguments& to, const GenerationSpec& spec) {
    // Off: what no guest of ours uses and each boot would probe
    add(to, "-machine",
        std::string("q35,memory-backend=kernel-memory,usb=off,graphics=off,vmport=off,smm=off,"
                    "sata=off,smbus=off,dump-guest-core=off,mem-merge=off"));
    if (spec.accelerator == Accelerator::kvm) {
        add(to, "-accel", std::string("kvm"));
    } else {
        add(to, "-accel", std::string("tcg,thread=multi,tb-size=") + kTranslationCache);
    }
    add(to, "-cpu", processor(spec));
    // With room for another processor QEMU keeps the barriers that one without may seem not to need: it is
    // devices that the processor shares its memory with. The kernel is told that there will be no other.
    add(to, "-smp", std::to_string(spec.cpus) + (alone(spec) ? ",maxcpus=2" : ""));
}

// What QEMU opens as fdset_path(set) is a duplicate of `descriptor`.
void add_to_set(Arguments& to, Descriptor descriptor, FdSet set) {
    add(to, "-add-fd", "fd=" + std::to_string(descriptor) + ",set=" + std::to_string(set));
}

Json memory_backend(const char* id, std::uint64_t size, Descriptor file) {
    return {{"qom-type", "memory-backend-file"},
            {"id", id},
            {"size", size},
            {"mem-path", reopened(file)},
            {"share", true}};
}

void add_memory(Arguments& to, const GenerationSpec& spec) {
    const auto& layout = spec.layout;
    add(to, "-m",
        mib(layout.kernel_memory) + ",slots=1,maxmem=" + mib(layout.kernel_memory + layout.user_memory));
    add(to, "-object", memory_backend("kernel-memory", layout.kernel_memory, kKernelMemoryFd));
    // Where a 2 MiB page of the host can be mapped as one, by QEMU and by KVM
    auto user = memory_backend("user-memory", layout.user_memory, kUserMemoryFd);
    user["align"] = kHugePageSize;
    add(to, "-object", user);
    add(to, "-device",
        Json{{"driver", "pc-dimm"},
             {"id", "user-dimm"},
             {"memdev", "user-memory"},
             {"addr", kUserBase.value}});
}

void add_kernel(Arguments& to, const GenerationSpec& spec) {
    add(to, "-kernel", reopened(kVmlinuzFd));
    add(to, "-initrd", reopened(kInitramfsFd));
    add(to, "-append", kernel_command_line(spec));
}

std::string listening(const char* id, Descriptor socket) {
    return "socket,id=" + std::string(id) + ",server=on,wait=off,fd=" + std::to_string(socket);
}

void add_control(Arguments& to) {
    add_to_set(to, kConsoleFd, kConsoleSet);
    add(to, "-chardev", "file,id=console,append=on,path=" + fdset_path(kConsoleSet));
    add(to, "-serial", std::string("chardev:console"));
    add(to, "-chardev", listening("qmp", kQmpFd));
    add(to, "-mon", std::string("chardev=qmp,mode=control"));
    add(to, "-chardev", listening("agent", kAgentFd));
    add(to, "-device", Json{{"driver", "virtio-serial-pci"}, {"id", "serial"}});
    add(to, "-device",
        Json{{"driver", "virtserialport"},
             {"id", kAgentPort},  // without an id QEMU does not tell that it was opened or closed
             {"chardev", "agent"},
             {"name", "org.nap.agent"}});
    add(to, "-device", Json{{"driver", "pvpanic"}});
    add(to, "-object", Json{{"qom-type", "rng-builtin"}, {"id", "random"}});
    add(to, "-device", Json{{"driver", "virtio-rng-pci"}, {"rng", "random"}});
}

void add_disk(Arguments& to, const GenerationSpec& spec) {
    add_to_set(to, kDiskFd, spec.newer ? kOverlaySet : kImageSet);
    if (spec.newer)
        add(to, "-blockdev", overlay_node());
    else
        add(to, "-blockdev", image_node({spec.disk, spec.disk_format, spec.disk_is_device}, false));
    add(to, "-device",
        Json{{"driver", "virtio-blk-pci"},
             {"id", "root"},
             {"drive", spec.newer ? kRootOverlay : kRootImage},
             {"serial", "nap-root"}});
}

void add_network(Arguments& to, const GenerationSpec& spec) {
    if (!spec.network) return;
    add(to, "-netdev", "tap,id=" + std::string(kNetdev) + ",fd=" + std::to_string(kTapFd) + ",vhost=off");
    // The length of the header before each packet is a property of the whole tap interface. A virtio 1
    // device, or one with merged receive buffers, would set it to 12 bytes when its driver starts, after QEMU
    // had set it to 10: every start of a newer generation would break the older's network. This device stays
    // at 10 for ever; without merged buffers, receiving large segments would take 64 KiB of kernel memory per
    // buffer: off.
    add(to, "-device",
        Json{{"driver", "virtio-net-pci"},
             {"id", "nic"},
             {"netdev", kNetdev},
             {"mac", spec.mac},
             {"romfile", ""},
             {"disable-modern", true},
             {"disable-legacy", "off"},
             {"mrg_rxbuf", false},
             {"guest_tso4", false},
             {"guest_tso6", false},
             {"guest_ecn", false},
             {"guest_ufo", false}});
    if (spec.newer) add(to, "-object", network_hold_object());
}

}  // namespace

std::string kernel_command_line(const GenerationSpec& spec) {
    // What is said before loglevel is heard goes to the early console, too: loglevel comes first.
    // Huge pages: below 512 MiB of K the kernel would choose never; nap's agent decides for the newer one
    return "loglevel=4 console=ttyS0 earlycon=uart8250,io,0x3f8 panic=-1 edd=off no_timer_check "
           "random.trust_cpu=on swiotlb=noforce "
           "transparent_hugepage=always memhp_default_state=" +
           std::string(spec.newer ? "offline" : "online_movable") + (alone(spec) ? " nr_cpus=1" : "") +
           (spec.testing ? " nap.testing" : "");
}

std::vector<std::string> qemu_command(const GenerationSpec& spec) {
    Arguments command = {kQemu, "-nodefaults", "-no-user-config", "-nographic"};
    // A kernel that panics says so (GUEST_PANICKED), goes on to print why, and resets the machine: then
    // QEMU ends, and says of what (SHUTDOWN).
    add(command, "-action", std::string("reboot=shutdown,shutdown=poweroff,panic=none"));
    add(command, "-name", "guest=" + spec.machine + "-" + std::to_string(spec.number));
    add(command, "-sandbox",
        std::string("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
    add_machine(command, spec);
    add_memory(command, spec);
    add_kernel(command, spec);
    add_control(command);
    add_disk(command, spec);
    add_network(command, spec);
    return command;
}

}  // namespace nap::machine
