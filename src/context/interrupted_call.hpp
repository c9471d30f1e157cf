// SPDX-License-Identifier: GPL-2.0-only
// Interrupted call: a system call which the freeze interrupted and which the kernel goes on with by itself
// afterwards, for the time that is left (restart_syscall(2)). CRIU would end it with EINTR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"

namespace nap::context {

// As in guest/module/nap_uapi.h.
inline constexpr std::uint32_t kCallSleep = 1;  // nanosleep(2), clock_nanosleep(2) for a while
inline constexpr std::uint32_t kCallProcessorSleep =
    2;                                               // of a processor time clock; `time` is absolute, on it
inline constexpr std::uint32_t kCallAlarmSleep = 3;  // of CLOCK_REALTIME_ALARM or CLOCK_BOOTTIME_ALARM
inline constexpr std::uint32_t kCallFutexWait = 4;   // futex(2), waiting until a time
inline constexpr std::uint32_t kCallPoll = 5;        // poll(2)

inline constexpr std::uint32_t kCallTimed = 1;     // futex, poll: there is a time limit
inline constexpr std::uint32_t kCallShared = 2;    // futex: between processes
inline constexpr std::uint32_t kCallRealtime = 4;  // futex: `time` is absolute, CLOCK_REALTIME

// Layout of struct nap_call.
struct InterruptedCall {
    std::int32_t tid = 0;  // in the machine's PID namespace
    std::uint32_t kind = 0;
    std::int32_t clock = 0;   // sleeps: the clock waited on
    std::uint32_t flags = 0;  // kCall...
    std::uint64_t address =
        0;  // sleeps: where the time left is to be stored, or 0; futex: the word; poll: the array
    std::int64_t time = 0;     // ns left, unless absolute
    std::uint32_t value = 0;   // futex: expected; poll: entries of the array
    std::uint32_t bitset = 0;  // futex
    bool operator==(const InterruptedCall&) const = default;
};

// Whether `time` stands on a clock that is not the kernel's own, and so is not what is left.
bool absolute(const InterruptedCall& call);

// So much time has passed since.
void pass(std::span<InterruptedCall> calls, std::int64_t ns);

std::vector<std::byte> encode(std::span<const InterruptedCall> calls);
// Refuses (protocol) what encode() does not write.
Result<std::vector<InterruptedCall>> decode_calls(std::span<const std::byte> bytes);

}  // namespace nap::context
