// SPDX-License-Identifier: GPL-2.0-only
#include "context/interrupted_call.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace nap::context {

static_assert(sizeof(InterruptedCall) == 40, "travels as it lies in memory");

namespace {
constexpr std::int32_t kRealtimeClock = 0, kTaiClock = 11;  // include/uapi/linux/time.h
}  // namespace

bool absolute(const InterruptedCall& call) {
    if (call.kind == kCallFutexWait) return (call.flags & kCallRealtime) != 0;
    if (call.kind == kCallPoll) return false;
    return call.kind == kCallProcessorSleep || call.clock == kRealtimeClock || call.clock == kTaiClock;
}

void pass(std::span<InterruptedCall> calls, std::int64_t ns) {
    for (auto& call : calls)
        if (!absolute(call)) call.time = std::max<std::int64_t>(call.time - ns, 0);
}

std::vector<std::byte> encode(std::span<const InterruptedCall> calls) {
    const auto bytes = std::as_bytes(calls);
    return {bytes.begin(), bytes.end()};
}

Result<std::vector<InterruptedCall>> decode_calls(std::span<const std::byte> bytes) {
    if (bytes.size() % sizeof(InterruptedCall) != 0)
        return fail(ErrorKind::protocol, "Reading the interrupted calls failed: the last one is cut off.");
    std::vector<InterruptedCall> calls(bytes.size() / sizeof(InterruptedCall));
    if (!bytes.empty()) std::memcpy(calls.data(), bytes.data(), bytes.size());
    for (const auto& call : calls)
        if (call.tid <= 0 || call.kind < kCallSleep || call.kind > kCallPoll)
            return fail(ErrorKind::protocol, "Reading the interrupted calls failed: call " +
                                                 std::to_string(call.kind) + " of thread " +
                                                 std::to_string(call.tid) + " is none.");
    return calls;
}

}  // namespace nap::context
