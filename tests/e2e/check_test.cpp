// SPDX-License-Identifier: GPL-2.0-only
// `nap check`: every obstacle is named with its owner, and nothing that could be carried is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

using nlohmann::json;

struct Held {
    const char *name, *what;  // the holder, and a part of what is said of it
};

// One for each holder in tests/guest/obstacles that belongs to a process.
constexpr Held kObstacles[] = {
    {"io_uring", "io_uring"},
    {"files_full", "as many open files as it may have"},
    {"perf_event", "perf event"},
    {"perf_buffer", "memory shared with the kernel"},
    {"bpf_map", "BPF"},
    {"userfaultfd", "userfaultfd"},
    {"landlock", "Landlock"},
    {"landlock_rules", "Landlock rules in force"},
    {"landlock_thread", "Landlock rules in force"},
    {"fscontext", "half-made mount"},
    {"seccomp_listen", "seccomp listener"},
    {"user_ns_nested", "a user namespace within another"},
    {"user_ns_kept", "a user namespace held open"},
    {"user_ns_owner", "belongs to a user namespace"},
    {"net_ns", "network namespace"},
    {"ns_kept", "a namespace of no process"},
    {"cgroup_ns", "control group namespace"},
    {"pid_ns", "nested PID namespace"},
    {"pid_ns_empty", "PID namespace of its own for its children"},
    {"time_ns", "time namespace"},
    {"time_ns_empty", "time namespace of its own for its children"},
    {"thread_net_ns", "a thread in a namespace of its own (net)"},
    {"thread_uts_ns", "a thread in a namespace of its own (uts)"},
    {"thread_files", "a thread with open files of its own"},
    {"thread_fs", "a thread with a working directory of its own"},
    {"xdp_socket", "a socket of domain 44"},
    {"mptcp", "protocol 262"},
    {"ping_socket", "protocol 1"},
    {"udp_corked", "UDP_CORK"},
    {"netlink_unread", "not read to its end"},
    {"socket_bpf", "SO_ATTACH_BPF"},
    {"reuseport_udp", "steered by a program"},
    {"reuseport_tcp", "steered by a program"},
    {"packet_fanout", "PACKET_FANOUT_DATA"},
    {"tcp_urgent", "urgent data"},
    {"unix_urgent", "urgent data"},
    {"unix_renamed", "since it was bound"},
    {"unix_moved", "since it was bound"},
    {"socket_sent", "on its way to somebody"},
    {"hugetlb", "hugetlbfs pages"},
    {"hugetlb_empty", "hugetlbfs pages"},
    {"hugetlb_file", "file of huge pages"},
    {"swapped", "swapped-out memory"},
    {"device_memory", "device's memory"},
    {"proc_of_dead", "of a process that has ended"},
    {"block_device", "block device 254:0"},
    {"misc_device", "character device 10:228"},
    {"mem_device", "character device 1:1"},
    {"deleted_large", "deleted file of 65 MiB"},
    {"deleted_mapped", "deleted file of 65 MiB"},
    {"detached_mount", "unmounted"},
    {"detached_cwd", "unmounted"},
    {"overmounted", "hidden by a later mount"},
    {"watch_proc", "file system of type proc"},
    {"watch_sys", "file system of type sysfs"},
    {"watch_pts", "file system of type devpts"},
    {"epoll_closed", "epoll"},
    {"dnotify", "F_NOTIFY"},
    {"cancelled_timer", "TFD_TIMER_CANCEL_ON_SET"},
    {"traced", "tracer"},
    {"dead_leader", "outlive"},
    {"shared_vm", "CLONE_VM"},
    {"shared_fs", "CLONE_FS"},
    {"vfork", "CLONE_VM"},
    {"compat", "32-bit"},
    {"deadline", "scheduling policy"},
};

// And of the machine as a whole.
constexpr Held kOfMachine[] = {
    {"mount_hugetlbfs", "type hugetlbfs"},
    {"mount_bpf", "type bpf"},
    {"bind_rootless", "a part of a file system"},
    {"key", "nap-test-user"},
    {"key_logon", "nap-test:logon"},
    {"key_ring", "nap-test-ring"},
    {"firewall", "nf_tables table held, owned by a socket"},
};

// An update goes on, and something small is not as it was.
constexpr Held kNotices[] = {
    {"reuseport_group", "share a port"},
    {"packet_counts", "PACKET_STATISTICS"},
};

constexpr const char* kCarried[] = {
    "packet",        "packet_ring",   "icmp_raw",       "tcp_connecting", "netlink_group", "temporary_file",
    "deleted_cwd",   "lease",         "sysv_deleted",   "mount_mqueue",   "mount_debugfs", "mount_tracefs",
    "mount_proc",    "mount_sysfs",   "mount_tmpfs",    "mount_devtmpfs", "mount_pstore",  "mount_devpts",
    "mount_ns",      "uts_ns",        "ipc_ns",         "user_ns",        "watch_tmpfs",   "watch_cgroup",
    "watch_deleted", "fanotify_file", "fanotify_mount", "pidfd",          "pidfd_dead",    "epoll_moved",
    "stopped",       "zombie",        "thread_creds",   "chroot",         "shared_files",  "mount_securityfs",
    "mqueue",        "serial_device", "mount_ramfs",    "vt_device"};

Arguments names(const auto& held) {
    Arguments all;
    for (const Held& each : held) all.emplace_back(each.name);
    return all;
}

struct Named {
    json obstacles, notices;
};

Named check(const Machine& machine) {
    const auto answer = json_of(nap({"--json", "check", machine.name(), "--kernel", kernels().newer}, kLong));
    if (!answer.is_object()) return {};
    Named named{json::array(), json::array()};
    for (const auto& each : answer.value("obstacles", json()))
        (each.value("notice", false) ? named.notices : named.obstacles).push_back(each);
    return named;
}

json obstacles(const Machine& machine) {
    return check(machine).obstacles;
}

bool said(const json& obstacle, const std::string& what) {
    return obstacle.value("what", "").find(what) != std::string::npos;
}

// Names of processes by process id, as the machine itself has them.
std::map<int, std::string> names_of_processes(const Machine& machine) {
    std::istringstream lines(machine.exec({"ps", "-e", "-o", "pid=,comm="}).out);
    std::map<int, std::string> names;
    int pid = 0;
    for (std::string name; lines >> pid >> name; lines.ignore(256, '\n')) names[pid] = name;
    return names;
}

// That of the holder, and with a process id under which the machine knows it.
void expect_named(const json& all, const Held& held, const std::map<int, std::string>& processes) {
    SCOPED_TRACE(held.name);
    const auto found = std::ranges::find_if(all, [&](const json& obstacle) {
        return obstacle.value("name", "") == held.name && said(obstacle, held.what);
    });
    ASSERT_NE(found, all.end());
    EXPECT_FALSE(found->value("why", "").empty());
    EXPECT_FALSE(found->value("advice", "").empty());
    const auto process = processes.find(found->value("pid", 0));
    ASSERT_NE(process, processes.end());
    EXPECT_EQ(process->second, held.name);
}

TEST(Check, NamesEveryObstacleAndItsOwner) {
    const Machine machine;
    machine.install_states();
    ASSERT_EQ(obstacles(machine), json::array());
    for (const auto& group : {names(kObstacles), names(kOfMachine)}) {
        const auto held = machine.states("hold", group);
        ASSERT_EQ(held.status, 0) << held.out;
    }
    const json all = obstacles(machine);
    const auto processes = names_of_processes(machine);
    for (const Held& held : kObstacles) expect_named(all, held, processes);
    for (const Held& held : kOfMachine)
        EXPECT_TRUE(std::ranges::any_of(all, [&](const json& each) { return said(each, held.what); }))
            << held.name << " is not among " << all.dump(1);
    // Nobody else is blamed.
    for (const json& obstacle : all) {
        const auto name = obstacle.value("name", "");
        const auto is_held = [&](const Held& held) { return name == held.name; };
        EXPECT_TRUE(name.empty() || std::ranges::any_of(kObstacles, is_held)) << obstacle.dump();
    }
    for (const auto& group : {names(kObstacles), names(kOfMachine)})
        EXPECT_EQ(machine.states("release", group).status, 0);
    EXPECT_EQ(machine.exec({"sh", "-c", "swapoff -a; echo 0 > /proc/sys/vm/nr_hugepages"}).status, 0);
    EXPECT_EQ(obstacles(machine), json::array());
}

TEST(Check, PassesWhatIsCarried) {
    const Machine machine;
    machine.install_states();
    Arguments names(std::begin(kCarried), std::end(kCarried));
    for (const Held& held : kNotices) names.emplace_back(held.name);
    const auto held = machine.states("hold", names);
    ASSERT_EQ(held.status, 0) << held.out;
    const auto named = check(machine);
    EXPECT_EQ(named.obstacles, json::array());
    for (const Held& notice : kNotices) expect_named(named.notices, notice, names_of_processes(machine));
    EXPECT_THAT(nap({"check", machine.name()}, kLong).out,
                testing::AllOf(testing::HasSubstr("notice: reuseport_group (PID"),
                               testing::HasSubstr("nothing stands in the way of an update")));
    const auto updated = machine.update(kernels().newer);
    EXPECT_EQ(updated.status, 0) << updated.out;
    EXPECT_THAT(updated.out, testing::HasSubstr("share a port"));
    EXPECT_EQ(machine.kernel(), kernels().newer);
    const auto released = machine.states("release", names);
    EXPECT_EQ(released.status, 0) << released.out;
}

}  // namespace
}  // namespace nap::e2e
