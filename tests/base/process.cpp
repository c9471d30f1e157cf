// SPDX-License-Identifier: GPL-2.0-only
#include "base/process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

using namespace nap;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

Command shell(const std::string& script) {
    return {.argv = {"sh", "-c", script}};
}

std::string output_of(const Command& command) {
    auto result = run(command, 10s);
    return result ? result->out : result.error().message;
}

TEST(Run, CapturesOutputErrorAndStatus) {
    auto result = run(shell("echo out; echo err >&2; exit 7"), 10s);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 7);
    EXPECT_EQ(result->out, "out\nerr\n");
}

TEST(Run, DeathBySignalIs128PlusItsNumber) {
    EXPECT_EQ(run(shell("kill -TERM $$"), 10s)->status, 128 + SIGTERM);
}

TEST(Run, MissingProgramIsNotFoundAndNamed) {
    auto result = run({.argv = {"no-such-program-of-nap"}}, 10s);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::not_found);
    EXPECT_THAT(result.error().message, HasSubstr("no-such-program-of-nap"));
}

TEST(Run, MissingDirectoryIsNamed) {
    auto result = run({.argv = {"true"}, .working_directory = "/no/such/directory"}, 10s);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("/no/such/directory"));
}

TEST(Run, KillsAtTheLimit) {
    auto begin = std::chrono::steady_clock::now();
    auto result = run({.argv = {"sleep", "60"}}, 100ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(Run, DoesNotWaitForWhatHoldsThePipe) {
    auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(output_of(shell("sleep 5 & echo done")), "done\n");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

TEST(Run, KeepsTheLastMebibyte) {
    auto result = run(shell("head -c 5000000 /dev/zero; echo last"), 30s);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out.size(), 1u << 20);
    EXPECT_TRUE(result->out.ends_with("last\n"));
}

TEST(Run, StandardInputIsEmpty) {
    EXPECT_EQ(output_of({.argv = {"cat"}}), "");
}

TEST(Run, EnvironmentAdditionsReplace) {
    ::setenv("NAP_TEST_VARIABLE", "before", 1);
    auto command = shell("echo $NAP_TEST_VARIABLE $NAP_TEST_OTHER; env | grep -c ^NAP_TEST_VARIABLE=");
    command.environment_additions = {"NAP_TEST_VARIABLE=after", "NAP_TEST_OTHER=new"};
    EXPECT_EQ(output_of(command), "after new\n1\n");
}

TEST(Run, WorkingDirectory) {
    EXPECT_EQ(output_of({.argv = {"pwd"}, .working_directory = "/usr"}), "/usr\n");
}

TEST(Run, CredentialsAreTakenOnForGood) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    auto command =
        shell("id -u; id -g; id -G; grep -E '^(CapPrm|CapEff|CapAmb|NoNewPrivs)' /proc/self/status");
    command.credentials = Credentials{.user = 1'900'000'000, .group = 1'900'000'001, .groups = {106}};
    command.working_directory = "/";
    EXPECT_EQ(output_of(command),
              "1900000000\n1900000001\n1900000001 106\n"
              "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
              "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST(Run, CredentialsThatCannotBeTakenOnAreNamed) {
    auto command = shell("true");
    command.credentials = Credentials{.user = 1, .group = 1};
    command.credentials->groups.assign(1 << 17, 0);  // more than there may be
    EXPECT_THAT(output_of(command), HasSubstr("as user 1"));
}

TEST(Run, SignalsStartAtTheirDefaults) {
    auto before = ::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &old);
    EXPECT_EQ(output_of(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -f2")),
              "0000000000000000\n0000000000000000\n");
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    ::signal(SIGPIPE, before);
}

// Swapped numbers are the hard case: each dup2 alone would overwrite the other's source.
TEST(Process, DescriptorsArriveUnderTheirNumbersAndNoOthers) {
    int one[2], two[2];
    ASSERT_EQ(::pipe(one), 0);  // without close-on-exec, as a library might
    ASSERT_EQ(::pipe(two), 0);
    auto command = shell("echo one >&" + std::to_string(two[1]) + "; echo two >&" + std::to_string(one[1]) +
                         "; ls /proc/self/fd | wc -l");
    command.descriptors = {{one[1], two[1]}, {two[1], one[1]}};
    // 0, 1, 2, the two, and the directory that ls reads
    EXPECT_EQ(output_of(command), "6\n");
    char text[5] = {};
    ASSERT_EQ(::read(one[0], text, 4), 4);
    EXPECT_STREQ(text, "one\n");
    ASSERT_EQ(::read(two[0], text, 4), 4);
    EXPECT_STREQ(text, "two\n");
    for (int fd : {one[0], one[1], two[0], two[1]}) ::close(fd);
}

TEST(Process, EndsWithItsOwner) {
    pid_t pid;
    {
        auto process = Process::start({.argv = {"sleep", "60"}});
        ASSERT_TRUE(process);
        pid = process->pid();
        EXPECT_TRUE(process->running());
        EXPECT_FALSE(process->wait(20ms));
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Process, WaitGivesTheStatusAgainAndAgain) {
    auto process = Process::start(shell("exit 3"));
    ASSERT_TRUE(process);
    auto status = process->wait(10s);
    ASSERT_TRUE(status);
    EXPECT_EQ(WEXITSTATUS(*status), 3);
    EXPECT_EQ(process->wait(0ms), status);
    EXPECT_FALSE(process->running());
    process->signal(SIGTERM);  // to nobody
}

TEST(Process, SignalIsSeenInTheStatus) {
    auto process = Process::start({.argv = {"sleep", "60"}});
    process->signal(SIGUSR1);
    auto status = process->wait(10s);
    ASSERT_TRUE(status);
    EXPECT_TRUE(WIFSIGNALED(*status));
    EXPECT_EQ(WTERMSIG(*status), SIGUSR1);
}

TEST(Process, OwnSession) {
    auto process = Process::start({.argv = {"sleep", "60"}, .own_session = true});
    EXPECT_EQ(::getsid(process->pid()), process->pid());
}

TEST(Process, ReleasedItOutlivesItsOwnerAndIsAdoptedByStartTime) {
    pid_t pid;
    std::uint64_t start_time;
    {
        auto process = Process::start({.argv = {"sleep", "60"}});
        ASSERT_TRUE(process);
        pid = process->pid();
        start_time = process->start_time();
        process->release();
    }
    auto wrong = Process::adopt(pid, start_time + 1);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, ErrorKind::not_found);
    auto process = Process::adopt(pid, start_time);
    ASSERT_TRUE(process);
    EXPECT_TRUE(process->running());
    process->kill_and_wait();
    EXPECT_FALSE(process->running());
    EXPECT_FALSE(Process::adopt(pid, start_time));
}

TEST(Process, NotOurChildEndsWithStatusZero) {
    // A grandchild: the shell in between ends at once
    auto said = output_of(shell("sleep 60 >/dev/null & echo $!"));
    pid_t pid = std::stoi(said);
    auto process = Process::adopt(pid, *process_start_time(pid));
    ASSERT_TRUE(process);
    process->signal(SIGTERM);
    EXPECT_EQ(process->wait(10s), 0);
}

TEST(Process, MovedFromItKillsNobody) {
    auto first = Process::start({.argv = {"sleep", "60"}});
    Process second = std::move(*first);
    first = Process::start({.argv = {"true"}});
    EXPECT_TRUE(second.running());
}

TEST(Process, ManyThreadsAtOnce) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([i] {
            for (int k = 0; k < 10; ++k) EXPECT_EQ(run(shell("exit " + std::to_string(i)), 10s)->status, i);
        });
    for (auto& thread : threads) thread.join();
}

TEST(ProcessStartTime, OfOurselvesAndOfNobody) {
    EXPECT_TRUE(process_start_time(::getpid()));
    EXPECT_EQ(process_start_time(0x7ffffff).error().kind, ErrorKind::not_found);
}

}  // namespace
