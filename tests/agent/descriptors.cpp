// SPDX-License-Identifier: GPL-2.0-only
// Descriptors of a process: all of them, holes or not, and how many system calls each costs a check.
#include "agent/check/files/descriptors.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <vector>

#include "agent/check/files/open_files.hpp"

namespace nap::agent {
namespace {

// A child that opens what it is told to and stays; its first descriptors are ours.
class Holder {
  public:
    explicit Holder(const std::function<void()>& open) {
        Pipe ready = make_pipe().value();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close_range(3, ready.write.get() - 1, 0);
            ::close_range(ready.write.get() + 1, ~0U, 0);
            open();
            ::close(ready.write.get());
            for (;;) ::pause();
        }
        ready.write.reset();
        char none;
        (void)!::read(ready.read.get(), &none, 1);
    }
    ~Holder() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    [[nodiscard]] Task task() const {
        return {.pid = pid_, .host_pid = pid_, .threads = 1, .name = "holder"};
    }

  private:
    pid_t pid_;
};

std::vector<int> numbers_of(const Holder& holder) {
    std::vector<int> numbers;
    auto descriptors = Descriptors::of(holder.task().host_pid);
    while (auto open = descriptors->next()) numbers.push_back(open->number);
    return numbers;
}

TEST(Descriptors, AreFoundBeyondHoles) {
    const Holder holder([] {
        for (const int number : {33, 34, 70, 500, 501, 1000}) ::dup2(0, number);
    });
    EXPECT_THAT(numbers_of(holder), testing::ElementsAre(0, 1, 2, 33, 34, 70, 500, 501, 1000));
}

TEST(Descriptors, OfNobodyAreNone) {
    EXPECT_FALSE(Descriptors::of(1 << 30));
    const Holder none([] { ::close_range(0, ~0U, 0); });
    EXPECT_THAT(numbers_of(none), testing::IsEmpty());
}

TEST(FileId, IsThatOfTheFileNotOfTheDescriptor) {
    const UniqueFd one(::open("/proc/self/exe", O_RDONLY)),
        other(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(file_id(one.get()), file_id(other.get()));
    EXPECT_EQ(file_id(one.get()), file_id_at(AT_FDCWD, "/proc/self/exe"));
    EXPECT_NE(file_id(one.get()), file_id_at(AT_FDCWD, "/proc/self/cwd"));
    EXPECT_NE(file_id(one.get())->mount, 0U);
}

// System calls that a process makes in `work`, counted by ptrace(2).
long calls_of(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    long stops = 0;
    for (;; ++stops) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) break;
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return stops / 2;
}

long calls_of_check(const Holder& holder) {
    return calls_of([&holder] {
        Surroundings surroundings{.mounts = MountTable::read({holder.task()}), .epolls = {}};
        Obstacles obstacles;
        find_in_open_files(holder.task(), surroundings, obstacles);
    });
}

struct Kind {
    const char* name;
    std::function<void()> open;
    long calls;  // per descriptor, at most
};

// Each takes 3 to 15 us under emulation.
TEST(Descriptors, CostFewSystemCallsEach) {
    const std::vector<Kind> kinds = {
        {"eventfd", [] { ::eventfd(0, 0); }, 4},
        {"one file", [] { ::open("/proc/self/exe", O_RDONLY); }, 4},
        {"pipe",
         [] {
             int ends[2];
             (void)!::pipe(ends);
         },
         6},
        {"unix socket", [] { ::socket(AF_UNIX, SOCK_STREAM, 0); }, 10},
    };
    for (const auto& kind : kinds) {
        SCOPED_TRACE(kind.name);
        const auto open = [&kind](int count) {
            for (int i = 0; i < count; ++i) kind.open();
        };
        const Holder few([&] { open(20); }), many([&] { open(220); });
        const long per_descriptor = (calls_of_check(many) - calls_of_check(few) + 199) / 200;
        EXPECT_LE(per_descriptor, kind.calls);
        EXPECT_GT(per_descriptor, 0);
    }
}

// And a process without any, little.
TEST(Descriptors, CostAProcessFewSystemCalls) {
    const Holder none([] { ::close_range(0, ~0U, 0); });
    EXPECT_LE(calls_of_check(none), 80);
}

}  // namespace
}  // namespace nap::agent
