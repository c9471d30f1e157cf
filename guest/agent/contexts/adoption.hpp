// SPDX-License-Identifier: GPL-2.0-only
// Adoption: the module's device (guest/module/nap_uapi.h), with errors as values.
#pragma once

#include <sys/types.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "channel/link.hpp"
#include "context/interrupted_call.hpp"
#include "context/plan.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

using HostPids = std::map<std::int32_t, pid_t>;  // by pid in the userland's PID namespace

class AdoptionDevice {
  public:
    static Result<AdoptionDevice> open();
    [[nodiscard]] Result<nap_status> status() const;
    // The whole plan at once. An error says whether anything had been changed.
    [[nodiscard]] Result<nap_adopt> adopt(std::span<const context::TaskPlan> plan,
                                          std::span<const std::byte> spilled, const HostPids& pids) const;
    // A byte of each page is read; of how many.
    [[nodiscard]] Result<std::uint64_t> touch(std::span<const nap_range> ranges) const;
    // `init`: host pid of the userland's. The tasks are there, frozen, and nobody traces them any more.
    [[nodiscard]] Result<> go_on_with(std::span<const context::InterruptedCall> calls, pid_t init) const;
    // What of sockets no system call sets: a descriptor for CRIU, good until resume().
    [[nodiscard]] Result<UniqueFd> sockets() const;
    // In the IPC namespace of the process `host_pid`.
    [[nodiscard]] Result<> set_ipc_objects(pid_t host_pid, std::span<const nap_ipc_object> objects) const;
    // With host pids; all of them or, before the first change, an error.
    [[nodiscard]] Result<nap_accounts> set_accounts(std::span<const std::uint64_t> words) const;
    [[nodiscard]] Result<> resume() const;  // before the tasks run
    [[nodiscard]] Result<nap_settle> settle() const;

  private:
    explicit AdoptionDevice(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

channel::Json to_json(const nap_adopt& adopted);
channel::Json to_json(const nap_settle& settled);

}  // namespace nap::agent
