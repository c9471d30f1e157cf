// SPDX-License-Identifier: GPL-2.0-only
// BPF refusal: programs and maps of BPF cannot be carried over. systemd as the machine's init makes some for
// every unit with IPAddressDeny= or DeviceAllow= where it can, and goes without where bpf(2) is refused to
// it. Others' calls are left alone: what they hold is found by the check.
#pragma once

#include <sys/types.h>

#include "base/fd.hpp"

namespace nap::agent {

class BpfRefusal {
  public:
    // Refuses nobody yet: to attach it takes longer than a pause may.
    static Result<BpfRefusal> attach();

    // From now on bpf(2) fails with EPERM for that process alone, until this goes away. Not for the one who
    // asks: it could not ask again.
    Result<> refuse_to(pid_t host_pid) const;

  private:
    BpfRefusal(UniqueFd refused, UniqueFd link) : refused_(std::move(refused)), link_(std::move(link)) {}

    UniqueFd refused_;  // an array of one, the host pid
    UniqueFd link_;
};

}  // namespace nap::agent
