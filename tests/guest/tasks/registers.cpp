// SPDX-License-Identifier: GPL-2.0-only
// Threads whose registers hold values while they sleep in the kernel and while they compute.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cfenv>
#include <cstring>
#include <ctime>
#include <thread>

#include "harness.hpp"

namespace guest {
namespace {

constexpr int kYmm = 16;
using Ymm = std::array<std::uint64_t, 4>;
using YmmFile = std::array<Ymm, kYmm>;
using Xmm = std::array<std::uint64_t, 2>;
using XmmFile = std::array<Xmm, kYmm>;

#define NAP_EACH_REGISTER(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define NAP_CLOBBERS                                                                                        \
    "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
        "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

// Vector registers loaded from `in`, nanosleep, stored to `out`: nothing runs in user mode between.
__attribute__((target("avx"))) void sleep_with_ymm(const YmmFile& in, YmmFile& out, const timespec& time) {
    long number = SYS_nanosleep;
#define LOAD(n) "vmovdqu 32*" #n "(%[in]), %%ymm" #n "\n"
#define STORE(n) "vmovdqu %%ymm" #n ", 32*" #n "(%[out])\n"
    asm volatile(NAP_EACH_REGISTER(LOAD) "syscall\n" NAP_EACH_REGISTER(STORE) "vzeroupper\n"
                 : "+a"(number)
                 : [in] "r"(in.data()), [out] "r"(out.data()), "D"(&time), "S"(nullptr)
                 : NAP_CLOBBERS);
#undef LOAD
#undef STORE
}

void sleep_with_xmm(const XmmFile& in, XmmFile& out, const timespec& time) {
    long number = SYS_nanosleep;
#define LOAD(n) "movdqu 16*" #n "(%[in]), %%xmm" #n "\n"
#define STORE(n) "movdqu %%xmm" #n ", 16*" #n "(%[out])\n"
    asm volatile(NAP_EACH_REGISTER(LOAD) "syscall\n" NAP_EACH_REGISTER(STORE)
                 : "+a"(number)
                 : [in] "r"(in.data()), [out] "r"(out.data()), "D"(&time), "S"(nullptr)
                 : NAP_CLOBBERS);
#undef LOAD
#undef STORE
}

// The general registers a system call preserves. Returns how many differ afterwards.
std::uint64_t sleep_with_general(std::uint64_t value, const timespec& time) {
    std::uint64_t differing = SYS_nanosleep;
    asm volatile(
        "mov %[value], %%rbx\n lea 1(%%rbx), %%r12\n lea 2(%%rbx), %%r13\n lea 3(%%rbx), %%r14\n"
        "lea 4(%%rbx), %%r15\n lea 5(%%rbx), %%r8\n lea 6(%%rbx), %%r9\n lea 7(%%rbx), %%r10\n"
        "syscall\n"
        "xor %%eax, %%eax\n"
        "cmp %[value], %%rbx\n setne %%cl\n add %%cl, %%al\n"
        "sub $1, %%r12\n cmp %[value], %%r12\n setne %%cl\n add %%cl, %%al\n"
        "sub $2, %%r13\n cmp %[value], %%r13\n setne %%cl\n add %%cl, %%al\n"
        "sub $3, %%r14\n cmp %[value], %%r14\n setne %%cl\n add %%cl, %%al\n"
        "sub $4, %%r15\n cmp %[value], %%r15\n setne %%cl\n add %%cl, %%al\n"
        "sub $5, %%r8\n cmp %[value], %%r8\n setne %%cl\n add %%cl, %%al\n"
        "sub $6, %%r9\n cmp %[value], %%r9\n setne %%cl\n add %%cl, %%al\n"
        "sub $7, %%r10\n cmp %[value], %%r10\n setne %%cl\n add %%cl, %%al\n"
        : "+a"(differing)
        : [value] "d"(value), "D"(&time), "S"(nullptr)
        : "rbx", "r8", "r9", "r10", "r12", "r13", "r14", "r15", "rcx", "r11", "memory", "cc");
    return differing;
}

// A sum whose every step needs the one before; wrong at the end where any register changed on the way.
double compute(int rounds) {
    double x = 1.0;
    std::uint64_t n = 88172645463325252ULL;
    for (int i = 0; i < rounds; ++i) {
        n ^= n << 13, n ^= n >> 7, n ^= n << 17;
        x = x * 0.75 + static_cast<double>(n & 0xff) / 256.0;
    }
    return x;
}

class Registers : public State {
  public:
    void set_up() override {
        main_thread_ = static_cast<pid_t>(gettid());
        std::fesetround(FE_UPWARD);  // threads start with it
        expected_ = compute(kRounds);
        start([this](int round) {
            if (!__builtin_cpu_supports("avx")) return true;
            YmmFile in{}, out{};
            fill_pattern(std::as_writable_bytes(std::span(in)), static_cast<std::uint64_t>(round));
            sleep_with_ymm(in, out, kPause);
            return std::memcmp(&in, &out, sizeof in) == 0;
        });
        start([](int round) {
            XmmFile in{}, out{};
            fill_pattern(std::as_writable_bytes(std::span(in)), static_cast<std::uint64_t>(round));
            sleep_with_xmm(in, out, kPause);
            return std::memcmp(&in, &out, sizeof in) == 0;
        });
        start([](int round) {
            return sleep_with_general(0x123456789abcdef0ULL + static_cast<std::uint64_t>(round), kPause) == 0;
        });
        start([this](int) {
            const bool right = compute(kRounds) == expected_;
            sleep_ms(20);
            return right;
        });
        // Rounding mode and thread-local storage belong to a thread.
        start([](int round) {
            thread_local int own = 0;
            if (round == 0) std::fesetround(FE_DOWNWARD);
            sleep_ms(100);
            return std::fegetround() == FE_DOWNWARD && own++ == round;
        });
        // rseq is registered again: glibc keeps the cpu number in it.
        start([](int) {
            sleep_ms(50);
            return sched_getcpu() >= 0;
        });
        sleep_ms(300);
        verify();
    }

    void verify() override {
        require(gettid() == main_thread_, "the main thread's id is ", gettid(), ", was ", main_thread_);
        require(std::fegetround() == FE_UPWARD, "the main thread's rounding mode changed");
        std::array<long, kThreads> before{};
        for (int i = 0; i < kThreads; ++i) before[static_cast<std::size_t>(i)] = threads_[i].rounds;
        sleep_ms(600);
        for (int i = 0; i < kThreads; ++i) {
            require(threads_[i].wrong == 0, "thread ", i, ": registers changed in ", threads_[i].wrong.load(),
                    " of ", threads_[i].rounds.load(), " rounds");
            require(threads_[i].rounds > before[static_cast<std::size_t>(i)], "thread ", i, " stands still");
            require(threads_[i].id == threads_[i].id_seen, "thread ", i, " has another id");
        }
    }

    void damage() override { ++threads_[0].wrong; }

  private:
    static constexpr timespec kPause{0, 150'000'000};
    static constexpr int kRounds = 200'000;
    static constexpr int kThreads = 6;

    struct Watch {
        std::atomic<long> rounds = 0, wrong = 0;
        std::atomic<pid_t> id = 0, id_seen = 0;
    };

    template <class Round>
    void start(Round round) {
        Watch& watch = threads_[started_++];
        std::thread([round, &watch] {
            watch.id = gettid();
            for (int number = 0;; ++number) {
                if (!round(number)) ++watch.wrong;
                watch.id_seen = gettid();
                ++watch.rounds;
            }
        }).detach();
    }

    pid_t main_thread_ = 0;
    double expected_ = 0;
    int started_ = 0;
    std::array<Watch, kThreads> threads_;
};

NAP_GUEST_STATE("registers", Registers);

}  // namespace
}  // namespace guest
