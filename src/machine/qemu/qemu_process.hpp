// SPDX-License-Identifier: GPL-2.0-only
// A QEMU process: started for a generation and reachable by QMP, or found again; and what is left at its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/process.hpp"
#include "machine/network/tap.hpp"
#include "machine/qemu/end.hpp"
#include "machine/qemu/qemu_command.hpp"
#include "machine/qemu/qmp.hpp"

namespace nap::machine {

struct Qemu {
    Process process;
    std::uint64_t console_from = 0;  // bytes of the console's log that are of generations before it
    std::uint64_t host_kills = 0;    // that there had been when it was started or found
    std::unique_ptr<Qmp> qmp = {};
};

// In a session of its own, as spec.credentials, with every file and socket of the machine as a descriptor.
// What QEMU itself prints goes to qemu.log beside its QMP socket. One that ends at once is told to `ended`.
using EndSink = std::function<void(const End&)>;
Result<Qemu> start_qemu(const GenerationSpec& spec, const TapQueue* tap, std::chrono::milliseconds limit,
                        const EndSink& ended = {});
Result<Qemu> find_qemu(const GenerationSpec& spec, pid_t pid, std::uint64_t start_time,
                       std::chrono::milliseconds limit);

// How it ended by itself; nothing where it has not, nor is about to.
std::optional<End> end_of(const GenerationSpec& spec, Qemu& qemu);
// Why it could not be started: its end, which `ended` is told, or, where it lives, `error`.
Error explain(const GenerationSpec& spec, Qemu& qemu, Error error, const EndSink& ended);
// Of one that has ended, by what it left, where nobody was there.
End end_unseen(const GenerationSpec& spec);

}  // namespace nap::machine
