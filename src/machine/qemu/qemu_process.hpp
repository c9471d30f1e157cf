// SPDX-License-Identifier: GPL-2.0-only
// A QEMU process: started for a generation and reachable by QMP, or found again; and why it ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/process.hpp"
#include "machine/network/tap.hpp"
#include "machine/qemu/qemu_command.hpp"
#include "machine/qemu/qmp.hpp"

namespace nap::machine {

struct Qemu {
    Process process;
    std::uint64_t console_from = 0;  // bytes of the console's log that are of generations before it
    std::unique_ptr<Qmp> qmp = {};
};

// In a session of its own, as spec.credentials, with every file and socket of the machine as a descriptor.
// What QEMU itself prints goes to qemu.log beside its QMP socket.
Result<Qemu> start_qemu(const GenerationSpec& spec, const TapQueue* tap, std::chrono::milliseconds limit);
Result<Qemu> find_qemu(const GenerationSpec& spec, pid_t pid, std::uint64_t start_time,
                       std::chrono::milliseconds limit);

// `error`, or, where QEMU has ended by itself, that together with what it and its guest's kernel said of why.
Error explain_end(const GenerationSpec& spec, Qemu& qemu, Error error);

// Pure: the last lines of a log, at most `lines` and 2000 bytes, without what a terminal would not show.
std::string last_lines(std::string_view log, std::size_t lines);

}  // namespace nap::machine
