// SPDX-License-Identifier: GPL-2.0-only
// What executes the guest's instructions: KVM where it works, else QEMU's translator (TCG).
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::machine {

enum class Accelerator { kvm, tcg };
std::string_view to_string(Accelerator accelerator);

struct AcceleratorChoice {
    Accelerator accelerator;
    std::string reason;  // for `nap status`
};

// Pure: `asked` is NAP_ACCELERATOR (tcg, kvm, else as if absent), `kvm` the outcome of trying /dev/kvm.
AcceleratorChoice decide_accelerator(std::string_view asked, std::string_view cpuinfo, const Result<>& kvm);

// KVM only where the CPU flags show vmx or svm and /dev/kvm opens and creates a VM; NAP_ACCELERATOR=tcg|kvm
// overrides.
AcceleratorChoice choose_accelerator();

}  // namespace nap::machine
