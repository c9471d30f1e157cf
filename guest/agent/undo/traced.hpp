// SPDX-License-Identifier: GPL-2.0-only
// Traced: a thread of the userland that we have stopped, to set right what CRIU left. The destructor lets it
// go on, or back into its frozen cgroup.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/error.hpp"

namespace nap::agent {

class Traced {
  public:
    // A thread's id; stopped where no signal is being delivered. A frozen one stays frozen for its cgroup.
    static Result<Traced> seize(pid_t thread);
    Traced(Traced&& other) noexcept : thread_(std::exchange(other.thread_, 0)) {}
    Traced& operator=(Traced&&) = delete;
    Traced(const Traced&) = delete;
    Traced& operator=(const Traced&) = delete;
    ~Traced();

    [[nodiscard]] pid_t thread() const { return thread_; }
    [[nodiscard]] Result<user_regs_struct> registers() const;
    Result<> set_registers(const user_regs_struct& registers) const;
    Result<> set_signal_mask(std::uint64_t mask) const;
    Result<> set_extended_state(std::span<const std::byte> state) const;
    [[nodiscard]] Result<std::uint64_t> word(std::uint64_t address) const;
    Result<> set_word(std::uint64_t address, std::uint64_t value) const;  // also of read-only memory
    Result<> overwrite(std::uint64_t address, std::span<const std::byte> bytes) const;  // whole words

    // The thread makes a system call, whose instruction is put at `where` for as long as it takes: code of
    // its own. Not in a frozen cgroup. The value the kernel returns.
    Result<std::int64_t> system_call(std::uint64_t where, long number,
                                     std::array<std::uint64_t, 3> arguments) const;

  private:
    explicit Traced(pid_t thread) : thread_(thread) {}
    Result<int> wait_for_stop() const;
    Result<> run_to_system_call_stop() const;
    Result<std::int64_t> run_system_call(std::uint64_t where, long number,
                                         std::array<std::uint64_t, 3> arguments) const;
    pid_t thread_;
};

}  // namespace nap::agent
