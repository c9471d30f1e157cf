// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/rules.hpp"

#include <algorithm>
#include <array>

namespace nap::agent {

namespace {

using std::string_view;

constexpr string_view kSysctls = "/proc/sys/";

constexpr std::array<string_view, 16> kNoSettings = {
    "fs/binfmt_misc/",  // a file system of its own
    "kernel/cad_pid",   // a process
    "kernel/domainname",
    "kernel/hostname",            // carried by CRIU
    "kernel/hung_task_warnings",  // counts down
    "kernel/msg_next_id",
    "kernel/sem_next_id",
    "kernel/shm_next_id",                 // for one object
    "kernel/ns_last_pid",                 // carried by CRIU
    "kernel/perf_event_max_sample_rate",  // lowered by a busy kernel
    "kernel/random/boot_id",
    "kernel/random/uuid",
    "kernel/real-root-dev",
    "kernel/tainted",   // what happened to this kernel
    "vm/nr_hugepages",  // by size, in /sys
    "vm/stat_refresh",  // does something
};

// Whatever stops CRIU or the agent, ends a kernel that could still go on, or takes memory from both.
constexpr std::array<string_view, 18> kAfterTasks = {
    "fs/protected_",
    "kernel/hardlockup_panic",
    "kernel/hung_task_panic",
    "kernel/kptr_restrict",
    "kernel/max_rcu_stall",
    "kernel/modules_disabled",
    "kernel/oops_limit",
    "kernel/panic",
    "kernel/softlockup_panic",
    "kernel/unknown_nmi_panic",
    "kernel/usermodehelper/",
    "kernel/warn_limit",
    "kernel/yama/",
    "vm/lowmem_reserve_ratio",
    "vm/memfd_noexec",

    "vm/mmap_min_addr",
    "vm/percpu_pagelist",
    "vm/watermark_",
};

// Of the IPC namespace.
constexpr std::array<string_view, 5> kOfProcesses = {"fs/mqueue/", "kernel/auto_msgmni", "kernel/msg",
                                                     "kernel/sem", "kernel/shm"};

struct Limit {
    string_view name, most;
    bool usual = false;  // raised, used and set back
};
constexpr std::array kLimits = {
    Limit{"fs/aio-max-nr", "9223372036854775807"},
    Limit{"fs/epoll/max_user_watches", "9223372036854775807"},
    Limit{"fs/fanotify/max_user_groups", "2147483647"},
    Limit{"fs/fanotify/max_user_marks", "2147483647"},
    Limit{"fs/file-max", "9223372036854775807"},
    Limit{"fs/inotify/max_user_instances", "2147483647"},
    Limit{"fs/inotify/max_user_watches", "2147483647"},
    Limit{"fs/mount-max", "2147483647"},
    Limit{"fs/nr_open", "1073741816", true},
    Limit{"fs/pipe-user-pages-hard", "0"},
    Limit{"fs/pipe-user-pages-soft", "0"},
    Limit{"kernel/keys/root_maxbytes", "2147483647"},
    Limit{"kernel/keys/root_maxkeys", "2147483647"},
    Limit{"kernel/pid_max", "4194304", true},
    Limit{"kernel/pty/max", "1048576"},
    Limit{"kernel/threads-max", "1073741823"},
    Limit{"net/core/somaxconn", "2147483647", true},
    Limit{"net/ipv4/igmp_max_memberships", "2147483647"},
    Limit{"net/ipv4/igmp_max_msf", "2147483647"},
    Limit{"net/ipv4/ip_nonlocal_bind", "1", true},
    Limit{"net/ipv6/ip_nonlocal_bind", "1", true},
    Limit{"user/max_", "2147483647"},
    Limit{"vm/max_map_count", "2147483647", true},
    Limit{"vm/overcommit_memory", "1", true},
};

// The name below /proc/sys; empty for others.
string_view sysctl(string_view path) {
    return path.starts_with(kSysctls) ? path.substr(kSysctls.size()) : string_view{};
}

bool begins_with_any(string_view name, const auto& beginnings) {
    return std::ranges::any_of(beginnings, [&](string_view each) { return name.starts_with(each); });
}

}  // namespace

bool is_sysctl(string_view path) {
    const string_view name = sysctl(path);
    // The links' MTU says what this one may be, and changes it
    const bool of_link = name.starts_with("net/ipv6/conf/") && name.ends_with("/mtu");
    return !name.empty() && !of_link && !begins_with_any(name, kNoSettings);
}

When when(string_view path) {
    const string_view name = sysctl(path);
    // Transparent huge pages, off until then, change the last when they are on again
    if (path.ends_with("/nr_hugepages") || path == "/sys/kernel/mm/ksm/run" || name == "vm/min_free_kbytes")
        return When::settled;
    if (name.empty())
        return path.ends_with("panic_on_warn") || path.ends_with("/panic") ? When::after_tasks
                                                                           : When::before_tasks;
    return begins_with_any(name, kAfterTasks) || begins_with_any(name, kOfProcesses) ? When::after_tasks
                                                                                     : When::before_tasks;
}

std::optional<string_view> out_of_the_way(string_view path, bool set) {
    const string_view name = sysctl(path);
    for (const Limit& limit : kLimits)
        if (name.starts_with(limit.name) && (set || limit.usual)) return limit.most;
    return std::nullopt;
}

bool sets_others(string_view path) {
    return path.ends_with("/ip_forward") || path.find("/conf/all/") != string_view::npos ||
           path.find("/conf/default/") != string_view::npos;
}

string_view changed_with(string_view path) {
    if (path == "/proc/sys/net/ipv4/ip_forward") return "/proc/sys/net/ipv4/conf/";
    if (const auto conf = path.find("/conf/"); conf != string_view::npos) return path.substr(0, conf + 6);
    return path.substr(0, path.rfind('/') + 1);
}

}  // namespace nap::agent
