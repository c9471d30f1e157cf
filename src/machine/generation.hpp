// SPDX-License-Identifier: GPL-2.0-only
// A generation: one QEMU process with one kernel of a machine, its QMP connection and the link to its agent.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/process.hpp"
#include "channel/link.hpp"
#include "machine/definition/accelerator.hpp"
#include "machine/network/tap.hpp"
#include "machine/qemu/qemu_command.hpp"
#include "machine/qemu/qemu_process.hpp"
#include "machine/qemu/qmp.hpp"

namespace nap::machine {

class Generation {
  public:
    // Starts QEMU (in a session of its own), waits for QMP and for the agent's hello. Where QEMU or the
    // kernel gives up, the error holds the last lines they said, and `ended` is told.
    static Result<std::unique_ptr<Generation>> start(const GenerationSpec& spec, const TapQueue* tap,
                                                     channel::Handler agent_calls,
                                                     std::chrono::milliseconds limit,
                                                     const EndSink& ended = {});
    // A generation that an earlier supervisor left, its CPUs stopped or not; they run afterwards. Its process
    // is left as it is when the object goes, until keep() was called.
    static Result<std::unique_ptr<Generation>> adopt(const GenerationSpec& spec, pid_t pid,
                                                     std::uint64_t start_time, channel::Handler agent_calls,
                                                     std::chrono::milliseconds limit);

    [[nodiscard]] const GenerationSpec& spec() const;
    [[nodiscard]] Process& process();
    Qmp& qmp();
    channel::Link& agent();
    // When the stop has been answered, no virtual CPU runs and all disk writes are done and flushed.
    Result<> stop_cpus();
    Result<> continue_cpus();
    // Newer: the disk becomes readable through the overlay (the older's QEMU has stopped and flushed).
    Result<> attach_disk_backing();
    // QEMU stops the CPUs where a write finds no room on the host; once there is some, they go on with it.
    // True: they had been stopped.
    Result<bool> retry_failed_writes();
    // All packets, of both directions, wait in QEMU from now on. A newer generation starts like that.
    Result<> hold_network();
    // Packets held back so far go through, from then on freely; announces the MAC. Without a network:
    // nothing.
    Result<> release_network();
    // After commit: the overlay's changes go into the disk image, the overlay is removed from the device and
    // deleted.
    Result<> merge_overlay(std::chrono::milliseconds limit);
    void set_background(bool background);  // nice 10 of all threads, or back to 0
    // What its console says from now on is its own: another generation, which wrote there too, is gone.
    void begin_console();
    // How it ended by itself; nothing where it lives.
    std::optional<End> ended();
    void end();    // SIGKILL, waits until it is gone
    void keep();   // it is ours: the destructor ends it
    void leave();  // it runs on without us: the destructor does not

    ~Generation();

  private:
    struct State;
    explicit Generation(std::unique_ptr<State> state);
    static Result<std::unique_ptr<Generation>> join(std::unique_ptr<State> state,
                                                    channel::Handler agent_calls,
                                                    std::chrono::milliseconds limit, const EndSink& ended);
    std::unique_ptr<State> state_;
};

}  // namespace nap::machine
