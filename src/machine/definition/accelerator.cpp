// SPDX-License-Identifier: GPL-2.0-only
// Finds out whether KVM works here.
#include "machine/definition/accelerator.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <chrono>
#include <cstdlib>

#include "base/fd.hpp"
#include "base/process.hpp"
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

constexpr std::chrono::milliseconds kTrialLimit{10'000};

// By us, who may do more than QEMU.
Result<> try_kvm(const std::filesystem::path& path) {
    auto device = open_file(path, O_RDWR);
    if (!device && device.error().kind == ErrorKind::not_found)
        return fail(ErrorKind::not_found,
                    "there is no " + path.string() +
                        ": load kvm_intel or kvm_amd, or give this container the device");
    if (!device) return std::unexpected(device.error());
    const UniqueFd vm(::ioctl(device->get(), KVM_CREATE_VM, 0));
    if (!vm) return fail_errno("cannot create a virtual machine with " + path.string());
    return {};
}

}  // namespace

std::string_view to_string(Accelerator accelerator) {
    return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

AcceleratorChoice decide_accelerator(std::string_view asked, std::string_view cpuinfo,
                                     const std::function<Result<>()>& try_device) {
    if (asked == "tcg") return {Accelerator::tcg, "NAP_ACCELERATOR=tcg"};
    if (asked != "kvm" && !has_flag(cpuinfo, "vmx") && !has_flag(cpuinfo, "svm"))
        return {Accelerator::tcg, "the CPU shows neither vmx nor svm"};
    const auto kvm = try_device();
    if (asked == "kvm")
        return {Accelerator::kvm, "NAP_ACCELERATOR=kvm" + (kvm ? "" : ", though " + kvm.error().message)};
    if (!kvm) return {Accelerator::tcg, kvm.error().message};
    return {Accelerator::kvm, "the CPU has hardware virtualisation and /dev/kvm works"};
}

Result<> try_device_as(uid_t user, const std::filesystem::path& device) {
    NAP_TRY(const auto groups, groups_for(device));
    const Command trial{.argv = {"sh", "-c", "exec 3<>\"$0\"", device.string()},
                        .working_directory = "/",
                        .credentials = Credentials{.user = user, .group = user, .groups = groups}};
    NAP_TRY(const auto tried, run(trial, kTrialLimit));
    if (tried.status == 0) return {};
    auto said = tried.out.substr(0, tried.out.find('\n'));
    return fail(ErrorKind::permission, device.string() + " does not let QEMU in, which is user " +
                                           std::to_string(user) + " here: " + said);
}

AcceleratorChoice choose_accelerator(uid_t user, const std::filesystem::path& device) {
    const char* asked = std::getenv("NAP_ACCELERATOR");
    auto cpuinfo = read_file("/proc/cpuinfo");
    return decide_accelerator(asked ? asked : "", cpuinfo ? *cpuinfo : std::string(), [&]() -> Result<> {
        NAP_CHECK(try_kvm(device));
        return try_device_as(user, device);
    });
}

}  // namespace nap::machine
