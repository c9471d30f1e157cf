// SPDX-License-Identifier: GPL-2.0-only
// Making a machine: what `nap create` is told, and `nap import` finds out.
#pragma once

#include <optional>
#include <string>

#include "cli/command.hpp"
#include "machine/definition/config.hpp"

namespace nap::cli {

struct CreateOptions {
    std::string name, disk, memory, kernel_memory, network, address, gateway;
    std::string kernel;  // empty: the newest of the disk's /boot
    std::string init = "/sbin/init", cpu = machine::kHostCpu;
    int cpus = 1;
    std::optional<int> partition;  // none: found by what is on it
    std::string mac;               // where `network` names none; empty: by the machine's name
};

// Those that both commands have: --kernel-memory, --cpu, --address, --gateway, --init, --partition.
void add_machine_options(CLI::App& command, CreateOptions& options);

// Checks all of it, looks into the disk, makes the kernel ready, writes machine.json. Problems that are none
// of Nap's (an fstab that names a disk that is not there) are told on standard error.
Result<machine::Config> make_machine(const Context& context, const CreateOptions& options);

}  // namespace nap::cli
