// SPDX-License-Identifier: GPL-2.0-only
// A running machine: its configuration, its parts on the host, and the generation that runs it now.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "kernel/store.hpp"
#include "machine/definition/config.hpp"
#include "machine/definition/layout.hpp"
#include "machine/definition/paths.hpp"
#include "machine/definition/user.hpp"
#include "machine/disk/disk.hpp"
#include "machine/generation.hpp"
#include "machine/network/tap.hpp"

namespace nap::update {

struct RunningMachine {
    machine::Config config;
    machine::MachinePaths paths;
    machine::MemoryLayout layout;
    machine::DiskInfo disk;
    machine::AcceleratorChoice accelerator;
    Credentials credentials;  // of its QEMUs

    bool testing = false;  // its kernels and its supervisor do what tests ask of them

    // Of the generation that runs now.
    kernel::Kernel kernel;
    int number = 0;
    std::optional<machine::TapQueue> tap;
    std::unique_ptr<machine::Generation> generation;
    std::int32_t init_host_pid = 0;  // the userland's init in the guest's initial PID namespace

    // What a generation of this machine is started with; `newer` adds the overlay and the held network.
    [[nodiscard]] machine::GenerationSpec spec(const kernel::Kernel& with, int generation_number,
                                               bool newer) const;
};

}  // namespace nap::update
