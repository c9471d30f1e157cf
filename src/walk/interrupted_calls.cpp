// SPDX-License-Identifier: GPL-2.0-only
#include "walk/interrupted_calls.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "base/number.hpp"
#include "context/hex.hpp"
#include "walk/kernel_memory.hpp"
#include "walk/page_tables.hpp"
#include "walk/tasks.hpp"

namespace nap::walk {

namespace {

using context::InterruptedCall;

constexpr std::uint64_t kStackSize = 16 * kKiB;  // THREAD_SIZE (arch/x86/include/asm/page_64_types.h)
constexpr std::int64_t kRestartBlock = -516;     // -ERESTART_RESTARTBLOCK (include/linux/errno.h)
constexpr std::int64_t kRestartCall = 219;       // frozen again just before restart_syscall(2)

// struct pt_regs (arch/x86/include/asm/ptrace.h): the end of the stack, less 16 bytes in kernels with FRED.
constexpr std::uint64_t kRegisters = 168, kAx = 80, kCodeSegment = 136, kStackSegment = 160;
constexpr std::uint64_t kPaddings[] = {0, 16};
constexpr std::uint64_t kUserCode = 0x33, kUserData = 0x2b, kSegment = 0xffff;

// The members of a restart block's union, from its begin on.
constexpr std::uint64_t kSleepClock = 0, kSleepType = 4, kSleepResult = 8, kSleepExpires = 16;
constexpr std::uint64_t kFutexWord = 0, kFutexValue = 8, kFutexFlags = 12, kFutexBitset = 16, kFutexTime = 24;
constexpr std::uint64_t kPollArray = 0, kPollCount = 8, kPollTimed = 12, kPollSeconds = 16,
                        kPollNanoseconds = 24;
constexpr std::uint32_t kNoResult = 0;  // TT_NONE

constexpr std::int64_t kSecond = 1'000'000'000;

std::unexpected<Error> malformed(std::int32_t tid, const std::string& why) {
    return fail(ErrorKind::protocol, "Reading the system call under way in thread " + std::to_string(tid) +
                                         " failed: " + why + ".");
}

class CallReader {
  public:
    CallReader(const KernelMemory& memory, const KernelLayout& layout, const RestartFunctions& functions,
               std::int64_t now, FutexFlags flags)
        : memory_(memory), layout_(layout), functions_(functions), now_(now), flags_(flags) {}

    Result<std::optional<InterruptedCall>> of(const Thread& thread, GuestPhysical page_tables) const {
        NAP_TRY(const auto ax, result_register(thread, page_tables));
        if (ax != kRestartBlock && ax != kRestartCall) return std::nullopt;
        const auto block = thread.task + layout_.task_restart_block;
        const auto function = memory_.read<std::uint64_t>({block + layout_.restart_fn});
        if (!function) return malformed(thread.tid, "its restart block lies outside of kernel memory");
        auto call = decode(*function, block + layout_.restart_union);
        if (!call && ax == kRestartCall) return std::nullopt;  // a number like any other
        if (!call)
            return malformed(thread.tid, "nothing is known of a restart at " + context::hex(*function));
        call->tid = thread.tid;
        return call;
    }

  private:
    // That in which a system call's result stands.
    Result<std::int64_t> result_register(const Thread& thread, GuestPhysical page_tables) const {
        const auto stack = memory_.read<std::uint64_t>({thread.task + layout_.task_stack});
        if (!stack) return malformed(thread.tid, "its stack is not named");
        for (const auto padding : kPaddings) {
            const auto registers = *stack + kStackSize - padding - kRegisters;
            const auto code = mapped(page_tables, registers + kCodeSegment);
            const auto data = mapped(page_tables, registers + kStackSegment);
            if (!code || !data || (*code & kSegment) != kUserCode || (*data & kSegment) != kUserData)
                continue;
            if (const auto ax = mapped(page_tables, registers + kAx)) return static_cast<std::int64_t>(*ax);
        }
        return malformed(thread.tid, "its registers are not where they must be, at the end of the stack at " +
                                         context::hex(*stack));
    }

    // Stacks lie in the kernel's vmalloc area.
    [[nodiscard]] std::optional<std::uint64_t> mapped(GuestPhysical page_tables,
                                                      std::uint64_t address) const {
        const auto found = translate(memory_, page_tables, {address});
        if (!found || found->size < sizeof(std::uint64_t)) return std::nullopt;
        const auto* at = memory_.find(found->to, sizeof(std::uint64_t));
        if (at == nullptr) return std::nullopt;
        return load_once<std::uint64_t>(at);
    }

    template <class T>
    [[nodiscard]] T field(std::uint64_t block, std::uint64_t offset) const {
        return memory_.read<T>({block + offset}).value_or(T{});  // beside what has been read already
    }

    [[nodiscard]] std::optional<InterruptedCall> decode(std::uint64_t function, std::uint64_t block) const {
        if (function == 0) return std::nullopt;
        if (function == functions_.sleep) return sleep(context::kCallSleep, block);
        if (function == functions_.processor_sleep) return sleep(context::kCallProcessorSleep, block);
        if (function == functions_.alarm_sleep) return sleep(context::kCallAlarmSleep, block);
        if (function == functions_.futex_wait) return futex(block);
        if (function == functions_.poll) return poll(block);
        return std::nullopt;
    }

    [[nodiscard]] std::int64_t left(std::int64_t time) const { return time > now_ ? time - now_ : 0; }

    [[nodiscard]] InterruptedCall sleep(std::uint32_t kind, std::uint64_t block) const {
        InterruptedCall call;
        call.kind = kind;
        call.clock = field<std::int32_t>(block, kSleepClock);
        if (field<std::uint32_t>(block, kSleepType) != kNoResult)
            call.address = field<std::uint64_t>(block, kSleepResult);
        call.time = field<std::int64_t>(block, kSleepExpires);
        if (!context::absolute(call)) call.time = left(call.time);
        return call;
    }

    [[nodiscard]] InterruptedCall futex(std::uint64_t block) const {
        InterruptedCall call;
        call.kind = context::kCallFutexWait;
        call.address = field<std::uint64_t>(block, kFutexWord);
        call.value = field<std::uint32_t>(block, kFutexValue);
        call.bitset = field<std::uint32_t>(block, kFutexBitset);
        const auto flags = field<std::uint32_t>(block, kFutexFlags);
        if ((flags & flags_.shared) != 0) call.flags |= context::kCallShared;
        if ((flags & flags_.timed) != 0) call.flags |= context::kCallTimed;
        if ((flags & flags_.realtime) != 0) call.flags |= context::kCallRealtime;
        call.time = field<std::int64_t>(block, kFutexTime);
        if (!context::absolute(call)) call.time = left(call.time);
        return call;
    }

    [[nodiscard]] InterruptedCall poll(std::uint64_t block) const {
        InterruptedCall call;
        call.kind = context::kCallPoll;
        call.address = field<std::uint64_t>(block, kPollArray);
        call.value = field<std::uint32_t>(block, kPollCount);
        if (field<std::uint32_t>(block, kPollTimed) == 0) return call;
        call.flags = context::kCallTimed;
        const auto seconds = field<std::int64_t>(block, kPollSeconds);
        constexpr std::int64_t most = INT64_MAX / kSecond - 1;
        call.time = left(std::clamp(seconds, std::int64_t{0}, most) * kSecond +
                         std::clamp(field<std::int64_t>(block, kPollNanoseconds), std::int64_t{0}, kSecond));
        return call;
    }

    const KernelMemory& memory_;
    const KernelLayout& layout_;
    const RestartFunctions& functions_;
    std::int64_t now_;
    FutexFlags flags_;
};

}  // namespace

FutexFlags futex_flags_of(std::string_view kernel_version) {
    const auto dot = kernel_version.find('.');
    const auto major = leading_number<int>(kernel_version);
    const auto minor =
        dot == std::string_view::npos ? 0 : leading_number<int>(kernel_version.substr(dot + 1));
    if (major > 6 || (major == 6 && minor >= 7)) return {.shared = 0x10, .realtime = 0x20, .timed = 0x40};
    return {};
}

Result<std::vector<InterruptedCall>> interrupted_calls(std::span<const std::byte> kernel_memory,
                                                       const KernelLayout& layout, const Anchors& anchors,
                                                       std::int32_t init_host_pid, std::int64_t monotonic_ns,
                                                       FutexFlags flags, const WalkLimits& limits) {
    NAP_TRY(const auto memory, KernelMemory::attach(kernel_memory, anchors));
    NAP_TRY(const auto tasks, find_tasks(memory, layout, anchors.init_task, init_host_pid, limits.tasks));
    const CallReader reader(memory, layout, anchors.restarts, monotonic_ns, flags);
    std::vector<InterruptedCall> calls;
    std::uint64_t threads_left = limits.tasks;
    for (const auto& task : tasks) {
        NAP_TRY(const auto threads, find_threads(memory, layout, task, threads_left));
        threads_left -= threads.size();
        for (const auto& thread : threads) {
            NAP_TRY(const auto call, reader.of(thread, task.page_tables));
            if (call) calls.push_back(*call);
        }
    }
    return calls;
}

}  // namespace nap::walk
