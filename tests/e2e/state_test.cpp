// SPDX-License-Identifier: GPL-2.0-only
// What lies on the host otherwise than it should: damaged, out of reach, in use, too long.
#include "e2e/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "update/recovery/journal.hpp"

namespace nap::e2e {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using update::Step;

const nlohmann::json kFromAToB = {
    {"older_kernel", "a"}, {"older_number", 1}, {"newer_kernel", "b"}, {"newer_number", 2}};

TEST(State, KernelsOfAnUpdateAreInUseUntilItIsOver) {
    const State state;
    state.add_machine("m", "c");
    for (auto version : {"a", "b", "c", "d"}) state.add_kernel(version);
    auto journal = update::Journal::begin(state.paths().machine("m").journal(), kFromAToB);
    ASSERT_TRUE(journal);
    const auto newer = state.nap({"kernel", "rm", "b"}), older = state.nap({"kernel", "rm", "a"});
    EXPECT_EQ(newer.status, 1);
    EXPECT_THAT(newer.out, HasSubstr("kernel b is the one machine m is being updated to"));
    EXPECT_EQ(older.status, 1);
    EXPECT_THAT(older.out, HasSubstr("kernel a is the one machine m is being updated from"));
    EXPECT_THAT(state.nap({"kernel", "rm", "c"}).out, HasSubstr("kernel c is the one machine m runs"));
    EXPECT_EQ(state.nap({"kernel", "rm", "d"}).status, 0);

    ASSERT_TRUE(journal->reach(Step::rolled_back));
    EXPECT_EQ(state.nap({"kernel", "rm", "b"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "rm", "a"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "rm", "c"}).status, 1);
}

TEST(State, ADamagedKernelHidesNoOther) {
    const State state;
    state.add_kernel("6.1.0-47");
    write(state.paths().kernels() / "6.1.0-9/kernel.json", "{");
    write(state.paths().kernels() / "notes", "");
    const auto list = state.nap({"kernel", "list"});
    EXPECT_EQ(list.status, 1);
    EXPECT_THAT(list.out, AllOf(HasSubstr("6.1.0-47 "), HasSubstr("kernel 6.1.0-9 is damaged"),
                                HasSubstr("nap kernel rm 6.1.0-9"), Not(HasSubstr("notes"))));
    EXPECT_EQ(state.nap({"kernel", "rm", "6.1.0-9"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "list"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "rm", "notes"}).status, 1);
}

TEST(State, ADamagedMachineIsListedAndCanBeRemoved) {
    const State state;
    state.add_machine("good", "a");
    write(state.paths().machine("bad").config(), "{");
    const auto list = state.nap({"list"});
    EXPECT_EQ(list.status, 1);
    EXPECT_THAT(list.out, AllOf(HasSubstr("good"), HasSubstr("machine.json is damaged")));
    EXPECT_THAT(state.nap({"status", "bad"}).out, HasSubstr("damaged"));
    EXPECT_THAT(state.nap({"create", "bad", "--disk", "/dev/null", "--kernel", "a", "--memory", "1G"}).out,
                HasSubstr("there is a machine 'bad' already"));
    write(state.paths().machine("bad").run / "gen-1/qemu.log", "");  // its supervisor did not end in order
    const auto removed = state.nap({"rm", "bad"});
    EXPECT_EQ(removed.status, 0) << removed.out;
    EXPECT_FALSE(fs::exists(state.paths().machine("bad").state));
    EXPECT_EQ(state.nap({"list"}).status, 0);
}

TEST(State, TheLastMachinesFolderInMemoryGoesWithIt) {
    const State state;
    if (state.paths().memory == state.paths().run) GTEST_SKIP() << "the state lies on tmpfs itself";
    for (auto name : {"one", "two"}) {
        state.add_machine(name, "a");
        write(state.paths().machine(name).user_memory(), "");
    }
    EXPECT_EQ(state.nap({"rm", "one"}).status, 0);
    EXPECT_TRUE(fs::exists(state.paths().memory));
    EXPECT_EQ(state.nap({"rm", "two"}).status, 0);
    EXPECT_FALSE(fs::exists(state.paths().memory));
}

TEST(State, OfOthersIsOutOfReachNotEmpty) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    const State state;
    state.add_machine("m", "a");
    fs::permissions(state.paths().machine("m").state, fs::perms::owner_all);
    auto as_nobody = [&](const Arguments& arguments) {
        Command command{.argv = {(build_directory() / "bin/nap").string(), "--root", state.root().string()}};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        command.credentials = {.user = 65534, .group = 65534};
        auto output = run(command, kShort);
        return output ? *output : Output{-1, output.error().message};
    };
    if (as_nobody({"--version"}).status != 0) GTEST_SKIP() << "nobody may run the program where it was built";
    for (const auto& words : {Arguments{"list"},
                              {"status", "m"},
                              {"stop", "m"},
                              {"rm", "m"},
                              {"console", "m"},
                              {"update", "m", "--kernel", "b"},
                              {"kernel", "rm", "a"},
                              {"supervise", "m"}}) {
        const auto output = as_nobody(words);
        EXPECT_EQ(output.status, 1) << words.front();
        EXPECT_THAT(output.out, AllOf(HasSubstr("nap: cannot read " + state.root().string()),
                                      HasSubstr("Permission denied; nap must run as root")));
    }
    fs::permissions(state.root(), fs::perms::owner_all);
    EXPECT_THAT(as_nobody({"list"}).out, HasSubstr("Permission denied; nap must run as root"));
    EXPECT_THAT(as_nobody({"kernel", "list"}).out, HasSubstr("Permission denied; nap must run as root"));
}

TEST(State, PathsTooLongForSocketsAreRefusedAtCreation) {
    const State state;
    const auto root = state.root() / std::string(80, 'r');
    auto nap = [&](const Arguments& arguments) {
        Arguments argv{(build_directory() / "bin/nap").string(), "--root", root.string()};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return call(argv);
    };
    const auto created = nap({"create", "m", "--disk", "/dev/null", "--kernel", "a", "--memory", "1G"});
    EXPECT_EQ(created.status, 2);
    EXPECT_THAT(created.out, HasSubstr("107"));

    // Moved there, it can be asked about and removed, but not started.
    state.add_machine("m", "a");
    fs::create_directories(root);
    fs::rename(state.root() / "lib", root / "lib");
    const auto status = nap({"status", "m"});
    EXPECT_EQ(status.status, 0) << status.out;
    EXPECT_THAT(status.out, HasSubstr("stopped"));
    EXPECT_THAT(nap({"start", "m"}).out, HasSubstr("107"));
    EXPECT_EQ(nap({"rm", "m"}).status, 0);
}

}  // namespace
}  // namespace nap::e2e
