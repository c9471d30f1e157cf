// SPDX-License-Identifier: GPL-2.0-only
// A server as Debian installs it: systemd and its units, some of them in sandboxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kServices =
    "redis-server nginx ssh cron rsyslog systemd-journald systemd-udevd systemd-logind "
    "systemd-timesyncd dbus serial-getty@ttyS0 getty@tty1 sandboxed";
constexpr std::chrono::minutes kBoot{5};

std::string in(const Machine& machine, const std::string& script) {
    const auto said = machine.exec({"sh", "-c", script}, kLong);
    EXPECT_EQ(said.status, 0) << script << ": " << said.out;
    return said.out;
}

// What must not change: of each service its processes and when it was started, of the machine what it is
// known by.
std::string facts(const Machine& machine) {
    return in(
        machine,
        std::string("systemctl show -p Id,MainPID,NRestarts,InvocationID,ActiveState,"
                    "ExecMainStartTimestampMonotonic ") +
            kServices +
            "; cat /proc/sys/kernel/random/boot_id /etc/machine-id; hostname; systemd-detect-virt -c || true;"
            "for pid in $(systemctl show -p MainPID --value " +
            kServices +
            "); do cut -d' ' -f 1,22 /proc/$pid/stat; cat /proc/$pid/cgroup; done;"
            "grep -h . /sys/fs/cgroup/system.slice/sandboxed.service/memory.max"
            " /sys/fs/cgroup/system.slice/sandboxed.service/pids.max;"
            "ls -l /dev/disk/by-label; findmnt -rn -o TARGET,FSTYPE,PROPAGATION | sort");
}

void start_sandboxed(const Machine& machine) {
    in(machine,
       "systemd-run --unit=sandboxed -p PrivateTmp=yes -p ProtectHostname=yes -p PrivateUsers=yes -p "
       "PrivateIPC=yes "
       "-p ProtectSystem=strict -p ProtectHome=yes -p PrivateDevices=yes -p NoNewPrivileges=yes -p "
       "ProtectKernelTunables=yes -p ProtectControlGroups=yes -p SystemCallFilter=@system-service "
       "-p RestrictNamespaces=yes -p MemoryMax=64M -p TasksMax=20 -p SetCredential=word:secret "
       "sh -c 'while :; do date +%s >/tmp/next; mv /tmp/next /tmp/alive; sleep 0.2; done'");
}

void expect_it_works(const Machine& machine) {
    EXPECT_EQ(in(machine, "systemctl is-system-running"), "running\n");
    EXPECT_EQ(in(machine, "systemctl restart cron && systemctl is-active cron"), "active\n");
    EXPECT_EQ(
        in(machine, "systemd-run --wait --pipe -q -p PrivateUsers=yes -p PrivateTmp=yes echo in a new unit"),
        "in a new unit\n");
    in(machine,
       "logger from-the-machine; sleep 1; journalctl --flush; journalctl -b -q | grep -q from-the-machine");
    in(machine, "age=$(($(date +%s) - $(cat /tmp/systemd-private-*sandboxed*/tmp/alive))); test $age -lt 60");
}

bool comes_up(const Machine& machine) {
    return eventually(
        [&] {
            return machine.exec({"systemctl", "is-system-running"}).out == "running\n";
        },
        kBoot);
}

// As an upgrade of packages does: each file on the disk that anybody executes or has mapped; but one that is
// a mount of a unit's own (redis: ExecPaths=), which the kernel takes away with its name: check names that.
void replace_all_programs(const Machine& machine) {
    in(machine,
       "for file in $(cat /proc/[0-9]*/maps | awk '$5 != 0 && $6 ~ \"^/(usr|lib|etc)\" && $7 == \"\" "
       "{ print $6 }' | sort -u); do grep -qs \" $file \" /proc/[0-9]*/mountinfo || "
       "{ cp -a $file $file.dpkg-new && mv $file.dpkg-new $file; }; done");
}

// Programs and mapped files without a name, by process, with their inodes.
std::string deleted_files(const Machine& machine) {
    return in(machine, std::string("for pid in 1 $(systemctl show -p MainPID --value ") + kServices +
                           "); do test $pid != 0 || continue; echo $pid; readlink /proc/$pid/exe; stat -L -c "
                           "'%i %h %Z' /proc/$pid/exe;"
                           "awk '/ \\(deleted\\)$/ && $6 ~ \"^/(usr|lib|etc)\" { print $2, $5, $6, $7 }' "
                           "/proc/$pid/maps; done;"
                           "ls -A / | grep nap || true");
}

TEST(Systemd, ServerWhoseProgramsWereReplacedGoesThereAndBack) {
    const Machine machine({.root_disk = "systemd.img"});
    ASSERT_TRUE(comes_up(machine)) << in(machine, "systemctl --failed --no-pager");
    start_sandboxed(machine);
    replace_all_programs(machine);
    const auto deleted = deleted_files(machine);
    EXPECT_THAT(deleted, HasSubstr("/usr/lib/systemd/systemd (deleted)"));
    EXPECT_THAT(deleted, HasSubstr("libc.so.6 (deleted)")) << deleted;
    EXPECT_THAT(deleted, Not(HasSubstr(".nap")));
    Counter counter(machine);
    for (const auto& kernel : {kernels().newer, kernels().older}) {
        const auto before = facts(machine);
        const auto updated = machine.update(kernel);
        ASSERT_EQ(updated.status, 0) << updated.out;
        EXPECT_EQ(machine.kernel(), kernel);
        EXPECT_EQ(facts(machine), before);
        EXPECT_EQ(deleted_files(machine), deleted);
    }
    expect_it_works(machine);
    expect_nothing_lost(counter);
}

TEST(Systemd, ServerGoesThereAndBack) {
    const Machine machine({.root_disk = "systemd.img"});
    ASSERT_TRUE(comes_up(machine)) << in(machine,
                                         "systemctl --failed --no-pager; systemctl list-jobs --no-pager");
    EXPECT_EQ(in(machine, "systemd-detect-virt -c || true"), "none\n");
    start_sandboxed(machine);
    Counter counter(machine);
    for (const auto& kernel : {kernels().newer, kernels().older}) {
        const auto before = facts(machine);
        const auto updated = machine.update(kernel);
        ASSERT_EQ(updated.status, 0) << updated.out;
        EXPECT_EQ(machine.kernel(), kernel);
        EXPECT_EQ(facts(machine), before);
        expect_it_works(machine);
    }
    expect_nothing_lost(counter);
}

}  // namespace
}  // namespace nap::e2e
