// SPDX-License-Identifier: GPL-2.0-only
// A machine in use: programs run inside, files copied in and out, life and death.
#include "e2e/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "machine/memory_file.hpp"
#include "tests/volume/disks.hpp"

namespace nap::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// One machine for all tests of a suite.
class OnOneMachine : public testing::Test {
  protected:
    static void SetUpTestSuite() { machine_ = std::make_unique<Machine>(); }
    static void TearDownTestSuite() { machine_.reset(); }
    static Machine& machine() { return *machine_; }

    // The command line in a shell of the host, where $NAP_EXEC stands for `nap exec MACHINE`.
    static Output shell(const std::string& line) {
        std::string command;
        for (const auto& word : nap_argv({"exec", machine().name()})) command += "'" + word + "' ";
        return call({"sh", "-c", "NAP_EXEC=\"" + command + "\"; " + line}, kLong);
    }

  private:
    inline static std::unique_ptr<Machine> machine_;
};

class Exec : public OnOneMachine {};
class Cp : public OnOneMachine {};
class Lifecycle : public OnOneMachine {};

TEST_F(Exec, KeepsOutputAndErrorApart) {
    EXPECT_EQ(shell("eval $NAP_EXEC -- sh -c \"'echo out; echo err >&2'\" 2>/dev/null").out, "out\n");
    EXPECT_EQ(shell("eval $NAP_EXEC -- sh -c \"'echo out; echo err >&2'\" 2>&1 >/dev/null").out, "err\n");
}

TEST_F(Exec, PassesExitStatusAndSignal) {
    EXPECT_EQ(machine().exec({"true"}).status, 0);
    EXPECT_EQ(machine().exec({"sh", "-c", "exit 7"}).status, 7);
    EXPECT_EQ(machine().exec({"sh", "-c", "kill -9 $$"}).status, 137);
}

TEST_F(Exec, PassesArgumentsUntouched) {
    EXPECT_EQ(machine().exec({"printf", "%s|", "a b", "", "$HOME", "*", "--help"}).out,
              "a b||$HOME|*|--help|");
}

TEST_F(Exec, PassesInput) {
    EXPECT_EQ(shell("printf 'one\\ntwo\\n' | eval $NAP_EXEC -i -- wc -l").out, "2\n");
    EXPECT_EQ(shell("eval $NAP_EXEC -- wc -c < /dev/null").out, "0\n");
}

TEST_F(Exec, CarriesManyBytes) {
    EXPECT_EQ(shell("eval $NAP_EXEC -- head -c 5000000 /dev/zero | wc -c").out, "5000000\n");
    EXPECT_EQ(shell("head -c 5000000 /dev/zero | eval $NAP_EXEC -i -- wc -c").out, "5000000\n");
}

TEST_F(Exec, GivesATerminalWhereAsked) {
    EXPECT_THAT(shell("eval $NAP_EXEC -t -- tty </dev/null").out, HasSubstr("/dev/pts/"));
    EXPECT_THAT(machine().exec({"tty"}).out, HasSubstr("not a tty"));
}

TEST_F(Exec, SaysWhichProgramIsMissingOrIsNone) {
    const auto missing = machine().exec({"no-such-program"}), none = machine().exec({"/etc/passwd"});
    EXPECT_EQ(missing.status, 127);
    EXPECT_THAT(missing.out, HasSubstr("no-such-program"));
    EXPECT_EQ(none.status, 126);
    EXPECT_THAT(none.out, HasSubstr("/etc/passwd"));
}

// Each command runs or is refused, what streams goes on, and the agent answers afterwards.
TEST_F(Exec, StandsHundredsAtOnceBesideStreams) {
    const auto busy = shell(
        "run=0; busy=0; dir=$(mktemp -d); "
        "for i in 1 2; do head -c 3000000 /dev/urandom >$dir/in$i; "
        "eval $NAP_EXEC -i -- cat <$dir/in$i >$dir/out$i & done; "
        "for i in $(seq 200); do (eval $NAP_EXEC -- sleep 3 >$dir/$i 2>&1; echo $? >>$dir/$i) & done; wait; "
        "for i in $(seq 200); do case $(cat $dir/$i) in 0) run=$((run + 1));; "
        "*'are under way'*) busy=$((busy + 1));; *) cat $dir/$i;; esac; done; "
        "cmp $dir/in1 $dir/out1; cmp $dir/in2 $dir/out2; rm -r $dir; echo $((run + busy)) $((run > 0))");
    EXPECT_EQ(busy.out, "200 1\n");
    EXPECT_EQ(machine().exec({"true"}).status, 0);
    EXPECT_EQ(nap({"check", machine().name()}).status, 0);
}

TEST_F(Exec, LooksLikeTheUserland) {
    EXPECT_THAT(machine().exec({"cat", "/proc/1/comm"}).out, StartsWith("init"));
    EXPECT_EQ(machine().kernel(), kernels().older);
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Cp, FileThereAndBack) {
    const auto directory = build_directory() / "test" / "cp";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    ASSERT_EQ(call({"sh", "-c", "head -c 3000001 /dev/urandom > " + (directory / "there").string()}).status,
              0);
    chmod((directory / "there").c_str(), 0640);
    const auto put = nap({"cp", (directory / "there").string(), machine().name() + ":/root/copy"});
    ASSERT_EQ(put.status, 0) << put.out;
    EXPECT_EQ(machine().exec({"stat", "-c", "%a %s", "/root/copy"}).out, "640 3000001\n");
    const auto got = nap({"cp", machine().name() + ":/root/copy", (directory / "back").string()});
    ASSERT_EQ(got.status, 0) << got.out;
    EXPECT_TRUE(content_of(directory / "there") == content_of(directory / "back"));
}

TEST_F(Cp, TreeThereAndBack) {
    const auto directory = build_directory() / "test" / "cp-tree";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory / "there/a/b");
    std::filesystem::create_symlink("a/file", directory / "there/link");
    std::ofstream(directory / "there/a/file") << "content";
    std::ofstream(directory / "there/a/b/empty");
    ASSERT_EQ(nap({"cp", (directory / "there").string(), machine().name() + ":/root/tree"}).status, 0);
    ASSERT_EQ(nap({"cp", machine().name() + ":/root/tree", (directory / "back").string()}).status, 0);
    const auto differences = call(
        {"diff", "-r", "--no-dereference", (directory / "there").string(), (directory / "back").string()});
    EXPECT_EQ(differences.status, 0) << differences.out;
}

TEST_F(Cp, SaysWhatIsMissing) {
    const auto inside = nap({"cp", machine().name() + ":/no/such/file", "/dev/null"});
    EXPECT_EQ(inside.status, 1);
    EXPECT_THAT(inside.out, HasSubstr("/no/such/file"));
    const auto outside = nap({"cp", "/no/such/file", machine().name() + ":/root/x"});
    EXPECT_EQ(outside.status, 1);
    EXPECT_THAT(outside.out, HasSubstr("/no/such/file"));
}

TEST_F(Lifecycle, TellsAboutItself) {
    const auto status = machine().status();
    EXPECT_EQ(status.value("state", ""), "running");
    EXPECT_EQ(status.value("kernel", ""), kernels().older);
    EXPECT_GT(status.value("memory_in_use", 0UL), 0U);
    EXPECT_THAT(nap({"list"}).out, HasSubstr(machine().name()));
    EXPECT_EQ(nap({"log", machine().name()}).status, 0);
    EXPECT_THAT(nap({"kernel", "list"}).out, AllOf(HasSubstr(kernels().older), HasSubstr(kernels().newer)));
}

TEST_F(Lifecycle, RefusesWhatDoesNotFitARunningMachine) {
    for (const Arguments& arguments :
         {Arguments{"start", machine().name()}, Arguments{"rm", machine().name()},
          Arguments{"kernel", "rm", kernels().older},
          Arguments{"create", machine().name(), "--disk", machine().disk().string(), "--kernel",
                    kernels().older, "--memory", "1G"}}) {
        const auto output = nap(arguments);
        EXPECT_EQ(output.status, 1) << arguments.front() << ": " << output.out;
        EXPECT_THAT(output.out, testing::AnyOf(HasSubstr(machine().name()), HasSubstr(kernels().older)));
    }
    EXPECT_EQ(machine().kernel(), kernels().older);
}

TEST_F(Lifecycle, RefusesMoreMemoryThanTheHostHas) {
    if (machine::available_memory(read_file("/proc/meminfo").value()).value() > 128 * kGiB) GTEST_SKIP();
    const auto name = machine().name() + "-big";
    const auto disk = machine().disk().string() + "-big";
    test::make_ext4(disk, {.contents = {{"sbin/init", ""}}});
    ASSERT_EQ(nap({"create", name, "--disk", disk, "--kernel", kernels().older, "--memory", "128G"}).status,
              0);
    const auto started = nap({"start", name}, kLong);
    EXPECT_EQ(started.status, 1);
    EXPECT_THAT(started.out, HasSubstr("of memory more"));
    EXPECT_EQ(nap({"rm", name}).status, 0);
    std::filesystem::remove(disk);
}

TEST_F(Lifecycle, StopsAndStartsAgain) {
    ASSERT_EQ(machine().exec({"sh", "-c", "echo kept > /root/kept; sync"}).status, 0);
    ASSERT_EQ(nap({"stop", machine().name()}, kLong).status, 0);
    EXPECT_EQ(machine().status().value("state", ""), "stopped");
    const auto checked = call({"e2fsck", "-fn", machine().disk().string()});
    EXPECT_EQ(checked.status, 0) << checked.out;
    EXPECT_EQ(nap({"exec", machine().name(), "--", "true"}).status, 1);
    ASSERT_EQ(nap({"start", machine().name()}, kLong).status, 0);
    EXPECT_EQ(machine().exec({"cat", "/root/kept"}).out, "kept\n");
}

}  // namespace
}  // namespace nap::e2e
