// SPDX-License-Identifier: GPL-2.0-only
// What a user can get wrong: the exit status is 2 for a malformed question, 1 for one that cannot be answered
// with yes, and the answer names what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

struct Case {
    const char* name;
    Arguments arguments;
    int status;
    std::string mentions;
};

void PrintTo(const Case& bad, std::ostream* out) {
    *out << bad.name;
}

Arguments create(const Arguments& more) {
    Arguments all{"create", "m1", "--disk", "/dev/null", "--kernel", "6.1.0-1-none", "--memory", "1G"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

class BadInputCase : public testing::TestWithParam<Case> {};

TEST_P(BadInputCase, IsNamedClearly) {
    const auto& [name, arguments, status, mentions] = GetParam();
    const auto root = build_directory() / "test" / ("bad-input-" + std::to_string(getpid()));
    Arguments argv{(build_directory() / "bin/nap").string(), "--root", root.string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto output = call(argv);
    EXPECT_EQ(output.status, status) << output.out;
    EXPECT_THAT(output.out, testing::HasSubstr(mentions));
    EXPECT_THAT(output.out, testing::Not(testing::HasSubstr("terminate called")));
    std::filesystem::remove_all(root);
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, BadInputCase,
    testing::Values(
        Case{"Nothing", {}, 2, ""}, Case{"UnknownCommand", {"frobnicate"}, 2, "frobnicate"},
        Case{"UnknownOption", {"list", "--frobnicate"}, 2, "--frobnicate"},
        Case{"UpdateOfNoMachineToItsOwn", {"update", "m1"}, 1, "m1"},
        Case{"ImportOfNothing", {"import", "/no/such/file"}, 1, "/no/such/file"},
        Case{"ImportOfAnImageWithDisk", {"import", "/etc/passwd", "--disk", "/dev/null"}, 2, "--disk"},
        Case{"ExecWithoutCommand", {"exec", "m1"}, 2, ""},
        Case{"CreateWithoutDisk", {"create", "m1", "--kernel", "x", "--memory", "1G"}, 2, "--disk"},
        Case{"MachineName",
             {"create", "../etc", "--disk", "/dev/null", "--kernel", "x", "--memory", "1G"},
             2,
             "../etc"},
        Case{"UnknownOptionOfNap", {"--frobnicate"}, 2, "unknown option '--frobnicate'"},
        Case{"UpdateToNothing", {"update", "m1", "--kernel", ""}, 2, "--kernel"},
        Case{"CheckOfNothing", {"check", "m1", "--kernel", ""}, 2, "--kernel"},
        Case{"MemoryNotANumber",
             {"create", "m1", "--disk", "/dev/null", "--kernel", "x", "--memory", "lots"},
             2,
             "lots"},
        Case{"MemoryTwice", create({"--memory", "1G"}), 2, "--memory"},
        Case{"NetEmpty", create({"--net", ""}), 2, "--net"},
        Case{"AddressOfTheNetwork", create({"--net", "tap=t", "--address", "192.0.2.0/24"}), 2, "network"},
        Case{"GatewayElsewhere",
             create({"--net", "tap=t", "--address", "192.0.2.2/24", "--gateway", "192.0.3.1"}), 2,
             "192.0.3.1"},
        Case{"KernelMemoryNotANumber", create({"--kernel-memory", "some"}), 2, "some"},
        Case{"NoSuchCpu", create({"--cpu", "Pentagon-v9"}), 2, "Pentagon-v9"},
        Case{"CpuOfMoreThanAName", create({"--cpu", "host,+svm"}), 2, "host,+svm"},
        Case{"NoCpus", create({"--cpus", "0"}), 2, "cpus"},
        Case{"AddressNotCidr", create({"--address", "10.0.0.300/24"}), 2, "10.0.0.300"},
        Case{"NetWithoutTap", create({"--net", "netns=x"}), 2, "tap"},
        Case{"CpBetweenNothing", {"cp", "/a", "/b"}, 2, ""},
        Case{"NoSuchDisk",
             {"create", "m1", "--disk", "/no/such/disk", "--kernel", "x", "--memory", "1G"},
             1,
             "/no/such/disk"},
        Case{"StatusOfNoMachine", {"status", "nobody"}, 1, "nobody"},
        Case{"StartOfNoMachine", {"start", "nobody"}, 1, "nobody"},
        Case{"StopOfNoMachine", {"stop", "nobody"}, 1, "nobody"},
        Case{"RmOfNoMachine", {"rm", "nobody"}, 1, "nobody"},
        Case{"UpdateOfNoMachine", {"update", "nobody", "--kernel", "x"}, 1, "nobody"},
        Case{"HistoryOfNoMachine", {"history", "nobody"}, 1, "nobody"},
        Case{"RmOfNoKernel", {"kernel", "rm", "6.1.0-1-none"}, 1, "6.1.0-1-none"},
        Case{"AddOfNoDeb", {"kernel", "add", "/no/such/file.deb"}, 1, "/no/such/file.deb"},
        Case{"AddOfAPath", {"kernel", "add", "../x"}, 2, "../x"},
        Case{"AddOfNothing", {"kernel", "add", ""}, 2, "package"},
        Case{"AddOfTwoPackages", {"kernel", "add", "a", "b"}, 2, "one package; or .deb files"},
        Case{"AddOfBoth", {"kernel", "add", "a", "b.deb"}, 2, "not both"},
        Case{"AddOfHeadersToAPackage", {"kernel", "add", "--headers", "/tmp", "a"}, 2, "--headers"},
        Case{"AddOfHeadersAlone", {"kernel", "add", "--headers", "/tmp"}, 2, "--vmlinuz"}),
    [](const testing::TestParamInfo<Case>& bad) { return std::string(bad.param.name); });

TEST(BadInput, ARootMustBeAFolder) {
    const auto program = (build_directory() / "bin/nap").string();
    const auto file = call({program, "--root", "/etc/passwd", "list"}),
               empty = call({program, "--root", "", "list"});
    EXPECT_EQ(file.status, 2);
    EXPECT_THAT(file.out, testing::HasSubstr("/etc/passwd: it is not a folder"));
    EXPECT_EQ(empty.status, 2);
    EXPECT_THAT(empty.out, testing::HasSubstr("--root"));
}

TEST(BadInput, HelpAndVersionAreFine) {
    EXPECT_EQ(nap({"--help"}).status, 0);
    EXPECT_EQ(nap({"update", "--help"}).status, 0);
    EXPECT_EQ(nap({"list"}).status, 0);
}

}  // namespace
}  // namespace nap::e2e
