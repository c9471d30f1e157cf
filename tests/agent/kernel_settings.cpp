// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>

#include "agent/kernel_settings/carry.hpp"
#include "agent/kernel_settings/files.hpp"
#include "agent/kernel_settings/put.hpp"
#include "agent/kernel_settings/rules.hpp"

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::Key;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(SettingRules, TellSettingsFromState) {
    for (const char* setting :
         {"vm/swappiness", "net/core/somaxconn", "kernel/pid_max", "kernel/random/urandom_min_reseed_secs",
          "net/ipv6/conf/eth0/hop_limit", "kernel/shmmax", "net/ipv4/tcp_fastopen_key"})
        EXPECT_TRUE(is_sysctl(std::string("/proc/sys/") + setting)) << setting;
    for (const char* other : {"kernel/ns_last_pid", "kernel/tainted", "vm/stat_refresh", "kernel/hostname",
                              "net/ipv6/conf/eth0/mtu", "kernel/sem_next_id", "vm/nr_hugepages_mempolicy"})
        EXPECT_FALSE(is_sysctl(std::string("/proc/sys/") + other)) << other;
    EXPECT_FALSE(is_sysctl("/sys/kernel/mm/ksm/run"));
}

TEST(SettingRules, WhatHindersComesLater) {
    EXPECT_EQ(when("/proc/sys/net/core/somaxconn"), When::before_tasks);
    EXPECT_EQ(when("/proc/sys/kernel/modules_disabled"), When::after_tasks);
    EXPECT_EQ(when("/proc/sys/kernel/yama/ptrace_scope"), When::after_tasks);
    EXPECT_EQ(when("/proc/sys/kernel/sem"), When::after_tasks)
        << "its IPC namespace comes with the processes";
    EXPECT_EQ(when("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"), When::settled);
    EXPECT_EQ(when("/sys/module/printk/parameters/time"), When::before_tasks);
    EXPECT_EQ(out_of_the_way("/proc/sys/fs/nr_open", false), "1073741816");
    EXPECT_EQ(out_of_the_way("/proc/sys/user/max_net_namespaces", true), "2147483647");
    EXPECT_FALSE(out_of_the_way("/proc/sys/user/max_net_namespaces", false));
    EXPECT_FALSE(out_of_the_way("/proc/sys/vm/swappiness", true));
}

TEST(SettingRules, WhatAWriteMayChange) {
    EXPECT_EQ(changed_with("/proc/sys/vm/dirty_bytes"), "/proc/sys/vm/");
    EXPECT_EQ(changed_with("/proc/sys/net/ipv4/ip_forward"), "/proc/sys/net/ipv4/conf/");
    EXPECT_EQ(changed_with("/proc/sys/net/ipv6/conf/all/forwarding"), "/proc/sys/net/ipv6/conf/");
    EXPECT_TRUE(sets_others("/proc/sys/net/ipv6/conf/default/forwarding"));
    EXPECT_FALSE(sets_others("/proc/sys/net/ipv6/conf/eth0/forwarding"));
}

TEST(SettingNames, AreAsSysctlHasThem) {
    EXPECT_EQ(setting_name("/proc/sys/net/ipv4/conf/eth0.7/forwarding"), "net.ipv4.conf.eth0/7.forwarding");
    EXPECT_EQ(setting_name("/sys/kernel/mm/ksm/run"), "/sys/kernel/mm/ksm/run");
}

TEST(SettingFiles, ADiskIsKnownByItsSerial) {
    const DiskNames disks(std::map<std::string, std::string>{{"nap-root", "vdb"}});
    EXPECT_EQ(disks.file_of("/sys/block/nap-root/queue/scheduler"),
              std::string(kMachineSys) + "/block/vdb/queue/scheduler");
    EXPECT_EQ(disks.file_of("/sys/block/other/queue/scheduler"),
              std::string(kMachineSys) + "/block/other/queue/scheduler");
    EXPECT_EQ(disks.file_of("/proc/sys/vm/swappiness"), "/proc/sys/vm/swappiness");
}

TEST(SettingDifference, IsWhatWasSet) {
    EXPECT_THAT(difference({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "3"}, {"new", "4"}}),
                UnorderedElementsAre(Pair("b", "3"), Pair("new", "4")));
}

TEST(SettingsWanted, LimitsAreOutOfTheWayUntilTheProcessesAreThere) {
    const std::string open = "/proc/sys/fs/nr_open", swappiness = "/proc/sys/vm/swappiness",
                      sem = "/proc/sys/kernel/sem";
    const Baseline baseline{{open, swappiness, sem}, {{open, "1048576"}, {swappiness, "60"}, {sem, "1"}}};
    EXPECT_THAT(wanted_before_tasks(baseline, {{sem, "2"}}),
                UnorderedElementsAre(Pair(open, "1073741816"), Pair(swappiness, "60")));
    EXPECT_THAT(wanted_after_tasks(baseline, {{sem, "2"}, {swappiness, "7"}}),
                UnorderedElementsAre(Pair(open, "1048576"), Pair(sem, "2")));
    EXPECT_THAT(wanted_after_tasks(baseline, {{open, "2000000"}}), ElementsAre(Pair(open, "2000000")));
}

// A kernel in which one setting limits another, one clears another, and one sets all others.
class OddKernel {
  public:
    Access access() {
        return {[this](const std::vector<std::string>&) {
                    ++reads;
                    return values;
                },
                [this](const std::string& path, const std::string& value) { return write(path, value); }};
    }
    Result<> write(const std::string& path, const std::string& value) {
        if (path == "read_only") return fail(ErrorKind::io, "no");
        if (path == "min" && std::stoi(value) > std::stoi(values["max"]))
            return fail(ErrorKind::io, "above max");
        if (path == "bytes") values["ratio"] = "0";
        if (path == "ratio") values["bytes"] = "0";
        if (path == "net/conf/all/forwarding") values["net/conf/eth0/forwarding"] = value;
        if (path != "deaf") values[path] = value;
        return {};
    }
    Values values{{"min", "1"},
                  {"max", "10"},
                  {"bytes", "0"},
                  {"ratio", "20"},
                  {"read_only", "1"},
                  {"deaf", "1"},
                  {"net/conf/all/forwarding", "0"},
                  {"net/conf/eth0/forwarding", "0"}};
    int reads = 0;
};

TEST(PuttingSettings, WaitsForThoseThatLimit) {
    OddKernel kernel;
    EXPECT_TRUE(put_values({{"min", "50"}, {"max", "90"}}, kernel.access()).empty());
    EXPECT_EQ(kernel.values["min"], "50");
}

TEST(PuttingSettings, LeavesNoneChangedByAnother) {
    OddKernel kernel;
    const Values wanted{{"bytes", "4096"},
                        {"ratio", "0"},
                        {"net/conf/all/forwarding", "1"},
                        {"net/conf/eth0/forwarding", "0"}};
    EXPECT_TRUE(put_values(wanted, kernel.access()).empty());
    for (const auto& [path, value] : wanted) EXPECT_EQ(kernel.values[path], value) << path;
}

TEST(PuttingSettings, TellsWhatIsRefusedAndDoesNotTryForEver) {
    OddKernel kernel;
    const auto refused =
        put_values({{"read_only", "2"}, {"deaf", "2"}, {"max", "11"}, {"not there", "1"}}, kernel.access());
    EXPECT_THAT(refused, UnorderedElementsAre(Pair("read_only", "no"), Key("deaf")));
    EXPECT_EQ(kernel.values["max"], "11");
    EXPECT_LE(kernel.reads, 3);
}

}  // namespace
}  // namespace nap::agent
