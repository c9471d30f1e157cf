// SPDX-License-Identifier: GPL-2.0-only
#include "update/running_machine.hpp"

namespace nap::update {

machine::GenerationSpec RunningMachine::spec(const kernel::Kernel& with, int generation_number,
                                             bool newer) const {
    machine::GenerationSpec spec;
    spec.machine = config.name;
    spec.number = generation_number;
    spec.vmlinuz = with.vmlinuz;
    spec.initramfs = with.initramfs;
    spec.kernel_version = with.version;
    spec.layout = layout;
    spec.kernel_memory_file = paths.kernel_memory(generation_number);
    spec.user_memory_file = paths.user_memory();
    spec.credentials = credentials;
    spec.cpus = config.cpus;
    spec.cpu = config.cpu;
    spec.accelerator = accelerator.accelerator;
    spec.testing = testing;
    spec.newer = newer;
    spec.disk = config.disk;
    spec.disk_format = disk.format;
    spec.disk_is_device = disk.is_device;
    if (newer) spec.overlay = paths.overlay(generation_number);
    if (config.network) {
        spec.mac = config.network->mac;
        spec.network = true;
    }
    auto sockets = paths.generation(generation_number);
    spec.qmp_socket = sockets / "qmp.sock";
    spec.agent_socket = sockets / "agent.sock";
    spec.console_log = paths.console_log();
    return spec;
}

}  // namespace nap::update
