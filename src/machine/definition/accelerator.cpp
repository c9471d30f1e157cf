// SPDX-License-Identifier: GPL-2.0-only
// Finds out whether KVM works here.
#include "machine/definition/accelerator.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cstdlib>

#include "base/fd.hpp"
#include "machine/definition/user.hpp"

namespace nap::machine {

namespace {

// The first "flags" line of /proc/cpuinfo holds `flag` as a word.
bool has_flag(std::string_view cpuinfo, std::string_view flag) {
    auto at = cpuinfo.find("\nflags");
    if (at == cpuinfo.npos) return false;
    auto line = cpuinfo.substr(at + 1, cpuinfo.find('\n', at + 1) - at - 1);
    auto word = " " + std::string(flag);
    return line.ends_with(word) || line.find(word + " ") != line.npos;
}

Result<> try_kvm() {
    NAP_TRY(auto device, open_file("/dev/kvm", O_RDWR));
    NAP_CHECK(groups_for("/dev/kvm"));
    UniqueFd vm(::ioctl(device.get(), KVM_CREATE_VM, 0));
    if (!vm) return fail_errno("cannot create a virtual machine with /dev/kvm");
    return {};
}

}  // namespace

std::string_view to_string(Accelerator accelerator) {
    return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

AcceleratorChoice decide_accelerator(std::string_view asked, std::string_view cpuinfo, const Result<>& kvm) {
    if (asked == "tcg") return {Accelerator::tcg, "NAP_ACCELERATOR=tcg"};
    if (asked == "kvm") return {Accelerator::kvm, "NAP_ACCELERATOR=kvm"};
    if (!has_flag(cpuinfo, "vmx") && !has_flag(cpuinfo, "svm"))
        return {Accelerator::tcg, "the CPU shows neither vmx nor svm"};
    if (!kvm) return {Accelerator::tcg, kvm.error().message};
    return {Accelerator::kvm, "the CPU has hardware virtualisation and /dev/kvm works"};
}

AcceleratorChoice choose_accelerator() {
    const char* asked = std::getenv("NAP_ACCELERATOR");
    auto cpuinfo = read_file("/proc/cpuinfo");
    return decide_accelerator(asked ? asked : "", cpuinfo ? *cpuinfo : std::string(), try_kvm());
}

}  // namespace nap::machine
