// SPDX-License-Identifier: GPL-2.0-only
// How a generation came to its end by itself: a panic, a triple fault, an orderly power-off, a QEMU that was
// killed. Pure; what it is told from is partly a guest's.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/qemu/qmp_message.hpp"

namespace nap::machine {

enum class EndKind {
    panic,           // of the guest's kernel
    reset,           // without a panic: a triple fault, or a reboot
    power_off,       // of the guest's kernel
    killed,          // QEMU, SIGKILL
    host_memory,     // QEMU, by the host's kernel for want of memory
    no_room,         // QEMU, SIGBUS: no page left for a memory file
    crashed,         // QEMU, another signal
    asked,           // QEMU, by a signal that it heeds or by a command
    failed,          // QEMU, by an exit status
    internal_error,  // KVM cannot go on; QEMU lives, its CPUs stand still
    unknown,
};
std::string_view to_string(EndKind kind);

// What is left of a generation that has ended.
struct Remains {
    std::string machine;  // name
    int generation = 0;
    std::string kernel;                 // version
    std::optional<int> status = {};     // wait(2)'s; none: we are not its parent
    bool stands_still = false;          // it has not ended: EndKind::internal_error
    bool host_killed_it = false;        // its kernel, for want of memory
    std::vector<QmpEvent> events = {};  // the last ones
    std::string qemu_log = {}, console = {};
};

struct End {
    EndKind kind = EndKind::unknown;
    std::string machine;
    int generation = 0;
    std::string kernel;
    std::string how;                    // "its kernel panicked"
    std::string qemu_said;              // last lines
    std::string words;                  // why, in its kernel's words (last_words.hpp)
    std::string console;                // last lines
    std::vector<std::string> events{};  // of QMP, the last ones, a line each
};

End end_from(const Remains& remains);

// "Generation 2 of web1, kernel V: its kernel panicked; its console says: ..."
std::string sentence(const End& end);
// What its console and its QEMU said last, a line each.
std::vector<std::string> details(const End& end);
// What an operator can do about a machine that ended so.
std::string advice(const std::string& machine);

nlohmann::json to_json(const End& end);

// The last lines of a log, at most `lines` and `bytes`, without what a terminal would not show.
std::string last_lines(std::string_view log, std::size_t lines, std::size_t bytes = 2000);

}  // namespace nap::machine
