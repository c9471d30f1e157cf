// SPDX-License-Identifier: GPL-2.0-only
// BPF refusal: programs and maps of BPF cannot be carried over. systemd as the machine's init makes some for
// every unit with IPAddressDeny= or DeviceAllow= where it can, and goes without where bpf(2) is refused to
// it. Others' calls are left alone: what they hold is found by the check.
#pragma once

#include <sys/types.h>

#include "base/fd.hpp"

namespace nap::agent {

// A BPF link: until it is closed, bpf(2) fails with EPERM for that process.
Result<UniqueFd> refuse_bpf(pid_t host_pid);

}  // namespace nap::agent
