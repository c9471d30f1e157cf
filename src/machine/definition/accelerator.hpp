// SPDX-License-Identifier: GPL-2.0-only
// What executes the guest's instructions: KVM where it works, else QEMU's translator (TCG).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::machine {

inline constexpr const char* kKvmDevice = "/dev/kvm";

enum class Accelerator { kvm, tcg };
std::string_view to_string(Accelerator accelerator);

struct AcceleratorChoice {
    Accelerator accelerator;
    std::string reason;  // for `nap status`
};

// Pure: `asked` is NAP_ACCELERATOR (tcg, kvm, else as if absent). The device is tried only where it matters.
AcceleratorChoice decide_accelerator(std::string_view asked, std::string_view cpuinfo,
                                     const std::function<Result<>()>& try_device);

// KVM only where the CPU flags show vmx or svm, and `device` (/dev/kvm) creates a virtual machine and lets
// somebody in who is `user`, as QEMU will be; NAP_ACCELERATOR=tcg|kvm overrides.
AcceleratorChoice choose_accelerator(uid_t user, const std::filesystem::path& device = kKvmDevice);

// Whether QEMU, as `user`, could use the device: tried by a program that is `user`, since a mode says nothing
// of access control lists, of containers, and of what is mapped into them.
Result<> try_device_as(uid_t user, const std::filesystem::path& device);

}  // namespace nap::machine
