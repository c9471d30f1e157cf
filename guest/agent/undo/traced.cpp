// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/traced.hpp"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

namespace nap::agent {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStopLimit{2'000};
constexpr int kSystemCallStop = SIGTRAP | 0x80;
constexpr std::uint64_t kSystemCallInstruction = 0x050f;
constexpr std::size_t kWord = sizeof(std::uint64_t);

std::unexpected<Error> failed(const char* what, pid_t thread) {
    return fail_errno(std::string("cannot ") + what + " thread " + std::to_string(thread));
}

bool stop_signal(int number) {
    return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

}  // namespace

Result<Traced> Traced::seize(pid_t thread) {
    if (::ptrace(PTRACE_SEIZE, thread, nullptr, PTRACE_O_TRACESYSGOOD) != 0) return failed("trace", thread);
    Traced traced(thread);
    if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) return failed("interrupt", thread);
    NAP_TRY(int status, traced.wait_for_stop());
    // One that SIGSTOP has stopped says so first, the interruption is still to come.
    if (stop_signal(WSTOPSIG(status))) {
        if (::ptrace(PTRACE_CONT, thread, nullptr, nullptr) != 0) return failed("continue", thread);
        NAP_TRY(status, traced.wait_for_stop());
    }
    if (status >> 16 != PTRACE_EVENT_STOP)
        return fail(ErrorKind::guest, "thread " + std::to_string(thread) + " did not stop as asked (status " +
                                          std::to_string(status) + ")");
    return traced;
}

Traced::~Traced() {
    if (thread_ != 0) ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
}

Result<int> Traced::wait_for_stop() const {
    for (const auto deadline = Clock::now() + kStopLimit;;) {
        int status = 0;
        const pid_t waited = ::waitpid(thread_, &status, __WALL | WNOHANG);
        if (waited < 0 && errno != EINTR) return failed("wait for", thread_);
        if (waited == thread_ && WIFSTOPPED(status)) return status;
        if (waited == thread_)
            return fail(ErrorKind::guest, "thread " + std::to_string(thread_) + " has ended");
        if (Clock::now() > deadline)
            return fail(ErrorKind::timeout, "thread " + std::to_string(thread_) + " does not stop");
        if (waited == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

Result<user_regs_struct> Traced::registers() const {
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, thread_, nullptr, &registers) != 0)
        return failed("read the registers of", thread_);
    return registers;
}

Result<> Traced::set_registers(const user_regs_struct& registers) const {
    if (::ptrace(PTRACE_SETREGS, thread_, nullptr, &registers) != 0)
        return failed("set the registers of", thread_);
    return {};
}

Result<> Traced::set_signal_mask(std::uint64_t mask) const {
    if (::ptrace(PTRACE_SETSIGMASK, thread_, sizeof mask, &mask) != 0)
        return failed("set the signal mask of", thread_);
    return {};
}

Result<> Traced::set_extended_state(std::span<const std::byte> state) const {
    iovec part{const_cast<std::byte*>(state.data()), state.size()};
    if (::ptrace(PTRACE_SETREGSET, thread_, NT_X86_XSTATE, &part) != 0)
        return failed("set the extended state of", thread_);
    return {};
}

Result<std::uint64_t> Traced::word(std::uint64_t address) const {
    errno = 0;
    const long value = ::ptrace(PTRACE_PEEKDATA, thread_, address, nullptr);
    if (value == -1 && errno != 0) return failed("read the memory of", thread_);
    return static_cast<std::uint64_t>(value);
}

Result<> Traced::set_word(std::uint64_t address, std::uint64_t value) const {
    if (::ptrace(PTRACE_POKEDATA, thread_, address, value) != 0)
        return failed("write to the memory of", thread_);
    return {};
}

Result<> Traced::overwrite(std::uint64_t address, std::span<const std::byte> bytes) const {
    for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data() + at, kWord);
        NAP_CHECK(set_word(address + at, value));
    }
    return {};
}

Result<> Traced::run_to_system_call_stop() const {
    if (::ptrace(PTRACE_SYSCALL, thread_, nullptr, nullptr) != 0) return failed("continue", thread_);
    NAP_TRY(const int status, wait_for_stop());
    if (WSTOPSIG(status) != kSystemCallStop)
        return fail(ErrorKind::guest, "thread " + std::to_string(thread_) +
                                          " did not make a system call as told (status " +
                                          std::to_string(status) + ")");
    return {};
}

Result<std::int64_t> Traced::run_system_call(std::uint64_t where, long number,
                                             std::array<std::uint64_t, 3> arguments) const {
    NAP_TRY(user_regs_struct registers, this->registers());
    registers.rip = where;
    registers.rax = static_cast<unsigned long long>(number);
    registers.orig_rax = ~0ULL;  // no system call to restart
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    NAP_CHECK(set_registers(registers));
    NAP_CHECK(run_to_system_call_stop());  // at its entry
    NAP_CHECK(run_to_system_call_stop());  // at its exit
    NAP_TRY(registers, this->registers());
    return static_cast<std::int64_t>(registers.rax);
}

Result<std::int64_t> Traced::system_call(std::uint64_t where, long number,
                                         std::array<std::uint64_t, 3> arguments) const {
    NAP_TRY(const user_regs_struct before, registers());
    NAP_TRY(const std::uint64_t code, word(where));
    NAP_CHECK(set_word(where, (code & ~0xffffULL) | kSystemCallInstruction));
    auto returned = run_system_call(where, number, arguments);
    NAP_CHECK(set_word(where, code));
    NAP_CHECK(set_registers(before));
    return returned;
}

}  // namespace nap::agent
