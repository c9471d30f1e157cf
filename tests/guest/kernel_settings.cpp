// SPDX-License-Identifier: GPL-2.0-only
// What programs set in the kernel: sysctls, /sys, the clock's discipline. Natively only what belongs to
// namespaces of the state's own.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "harness.hpp"

namespace guest {
namespace {

struct Setting {
    std::string path, value;
    bool machine_only = true;
};

std::string without_end(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

// Of files that list the choices, the one in force.
std::string value_of(const std::string& path) {
    const std::string text = without_end(read_text(path));
    const auto open = text.find('[');
    return path.starts_with("/proc") || open == std::string::npos
               ? text
               : text.substr(open + 1, text.find(']') - open - 1);
}

class SettingsInForce : public State {
  public:
    explicit SettingsInForce(std::vector<Setting> settings) : settings_(std::move(settings)) {}
    void set_up() override {
        if (!in_machine()) check(unshare(CLONE_NEWNET | CLONE_NEWIPC), "unshare");
        for (const auto& setting : settings_)
            if (here(setting)) write_text(setting.path, setting.value);
        verify();
    }
    void verify() override {
        for (const auto& setting : settings_) {
            if (!here(setting)) continue;
            const std::string now = value_of(setting.path);
            require(now == setting.value, setting.path, " is \"", now, "\", was \"", setting.value, "\"");
        }
    }
    void damage() override {
        for (auto& setting : settings_)
            if (here(setting)) setting.value += "0";
    }

  private:
    static bool here(const Setting& setting) {
        return access(setting.path.c_str(), F_OK) == 0 && (in_machine() || !setting.machine_only);
    }
    std::vector<Setting> settings_;
};

std::vector<Setting> of_network() {
    const std::string net = "/proc/sys/net/";
    return {
        {net + "core/somaxconn", "4321", false},
        {net + "ipv4/tcp_rmem", "4096\t98304\t5000000", false},
        {net + "ipv4/tcp_fin_timeout", "31", false},
        {net + "ipv4/ip_local_port_range", "20000\t50000", false},
        {net + "ipv4/ip_local_reserved_ports", "8080,9000-9010", false},
        {net + "ipv4/tcp_fastopen_key", "01234567-89abcdef-fedcba98-76543210", false},
        {net + "ipv4/ping_group_range", "100\t200", false},
        {net + "ipv4/conf/default/rp_filter", "2", false},
        {net + "ipv4/neigh/lo/gc_stale_time", "77", false},
        {net + "ipv4/neigh/default/base_reachable_time_ms", "41000", false},
        {net + "ipv6/conf/lo/hop_limit", "99", false},
        {net + "ipv6/icmp/ratelimit", "800", false},
        {net + "unix/max_dgram_qlen", "300", false},
        // One that sets others, which were set back since: those are as they were in a fresh kernel
        {net + "ipv6/conf/all/forwarding", "1", false},
        {net + "ipv6/conf/lo/forwarding", "0", false},
        {net + "ipv4/conf/all/forwarding", "1", false},
        {net + "ipv4/conf/lo/forwarding", "0", false},
        {net + "ipv4/conf/eth0/forwarding", "0"},
        {net + "ipv4/conf/eth0/arp_announce", "2"},
        {net + "ipv4/ip_forward", "1", false},
    };
}

std::vector<Setting> of_kernel() {
    const std::string sys = "/proc/sys/";
    return {
        {sys + "fs/mqueue/msg_max", "21", false},
        {sys + "kernel/msgmnb", "20000", false},
        {sys + "kernel/sem", "600\t38400\t64\t256", false},
        {sys + "kernel/shm_rmid_forced", "0", false},
        {sys + "vm/swappiness", "23"},
        {sys + "vm/dirty_bytes", "104857600"},
        {sys + "vm/dirty_ratio", "0"},
        {sys + "vm/dirty_background_ratio", "7"},
        {sys + "vm/vfs_cache_pressure", "120"},
        {sys + "vm/max_map_count", "100001"},
        {sys + "vm/compaction_proactiveness", "11"},  // which an update turns off for a while
        {sys + "vm/min_free_kbytes", "9000"},
        {sys + "vm/nr_overcommit_hugepages", "3"},
        {sys + "kernel/core_pattern", "core-%e [%p] x"},
        {sys + "kernel/core_uses_pid", "1"},
        {sys + "kernel/printk", "4\t4\t1\t7"},
        {sys + "kernel/keys/maxkeys", "333"},
        {sys + "kernel/kptr_restrict", "2"},
        {sys + "kernel/sched_rt_runtime_us", "940000"},
        {sys + "kernel/panic_on_oops", "1"},
        {sys + "kernel/modprobe", "/usr/bin/false"},
        {sys + "kernel/yama/ptrace_scope", "1"},
        {sys + "fs/aio-max-nr", "70000"},
        {sys + "fs/inotify/max_user_watches", "99999"},
        {sys + "fs/protected_regular", "1"},
        {sys + "user/max_net_namespaces", "1000"},
    };
}

// A sysfs that can be written, unlike the machine's own.
class SysSettings : public SettingsInForce {
  public:
    SysSettings() : SettingsInForce(of_sys()) {}
    void set_up() override {
        mkdir(kSys, 0700);
        if (in_machine() && access((std::string(kSys) + "/kernel").c_str(), F_OK) != 0)
            check(mount("sysfs", kSys, "sysfs", 0, nullptr), "mount sysfs");
        SettingsInForce::set_up();
    }
    void damage() override {
        SettingsInForce::damage();
        spoilt_ = true;
    }
    void verify() override {
        require(in_machine() || !spoilt_, "spoilt");  // natively there is none
        SettingsInForce::verify();
    }

  private:
    static constexpr const char* kSys = "/run/nap-test-sys";
    static std::vector<Setting> of_sys() {
        const std::string sys = kSys, memory = sys + "/kernel/mm/";
        return {
            {memory + "transparent_hugepage/khugepaged/max_ptes_none", "300"},
            {memory + "transparent_hugepage/khugepaged/pages_to_scan",
             "1000"},  // turned off for a while, too
            {memory + "transparent_hugepage/defrag", "defer"},
            {memory + "ksm/sleep_millisecs", "33"},
            {memory + "ksm/pages_to_scan", "77"},
            {memory + "ksm/run", "1"},
            {memory + "hugepages/hugepages-2048kB/nr_hugepages", "2"},
            {sys + "/block/vda/queue/read_ahead_kb", "256"},
            {sys + "/block/vda/queue/nomerges", "1"},
            {sys + "/block/vda/queue/scheduler", "none"},
            {sys + "/module/printk/parameters/ignore_loglevel", "Y"},
            {sys + "/module/tcp_cubic/parameters/beta", "700"},
            {sys + "/class/net/eth0/queues/rx-0/rps_cpus", "1"},
        };
    }
    bool spoilt_ = false;
};

// nr_open was raised, used, and lowered again.
class LoweredLimit : public State {
  public:
    void set_up() override {
        if (in_machine()) write_text(kOpen, "1500000");
        rlimit limit{};
        check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
        if (in_machine()) limit = {1'400'000, 1'400'000};
        wanted_ = limit.rlim_max;
        check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
        if (in_machine()) write_text(kOpen, "1200000");
    }
    void verify() override {
        rlimit limit{};
        check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
        require(limit.rlim_max == wanted_, "the limit of descriptors is ", limit.rlim_max, ", was ", wanted_);
        if (in_machine()) require(value_of(kOpen) == "1200000", "nr_open is ", value_of(kOpen));
    }
    void damage() override { wanted_ += 1; }

  private:
    static constexpr const char* kOpen = "/proc/sys/fs/nr_open";
    rlim_t wanted_ = 0;
};

class ClockDiscipline : public State {
  public:
    void set_up() override {
        if (in_machine()) {
            timex request{};
            request.modes = ADJ_NANO | ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK | ADJ_MAXERROR | ADJ_ESTERROR |
                            ADJ_TIMECONST;
            request.status = STA_PLL | STA_FREQHOLD;
            request.freq = 1'234'567;  // 18.8 ppm
            request.tick = 10'001;
            request.maxerror = 4321;
            request.esterror = 77;
            request.constant = 6;
            check(adjtimex(&request), "adjtimex");
            timex tai{};
            tai.modes = ADJ_TAI;
            tai.constant = 37;
            check(adjtimex(&tai), "adjtimex");
        }
        wanted_ = now();
    }
    void verify() override {
        const timex is = now();
        constexpr int kKept = STA_PLL | STA_FREQHOLD | STA_NANO | STA_UNSYNC | STA_INS | STA_DEL;
        require((is.status & kKept) == (wanted_.status & kKept), "status is ", is.status, ", was ",
                wanted_.status);
        require(is.freq == wanted_.freq, "frequency is ", is.freq, ", was ", wanted_.freq);
        require(is.tick == wanted_.tick, "tick is ", is.tick, ", was ", wanted_.tick);
        require(is.tai == wanted_.tai, "the offset of TAI is ", is.tai, ", was ", wanted_.tai);
        require(is.constant == wanted_.constant, "constant is ", is.constant, ", was ", wanted_.constant);
        require(is.esterror == wanted_.esterror, "error is ", is.esterror, ", was ", wanted_.esterror);
        // It grows by 500 us a second
        require(is.maxerror >= wanted_.maxerror && (!in_machine() || is.maxerror < 16'000'000),
                "maximum error is ", is.maxerror, ", was ", wanted_.maxerror);
    }
    void damage() override { wanted_.tick += 1; }

  private:
    static timex now() {
        timex is{};
        check(adjtimex(&is), "adjtimex");
        return is;
    }
    timex wanted_{};
};

NAP_GUEST_STATE("settings_network", SettingsInForce, of_network());
NAP_GUEST_STATE("settings_kernel", SettingsInForce, of_kernel());
NAP_GUEST_STATE("settings_sys", SysSettings);
NAP_GUEST_STATE("settings_lowered", LoweredLimit);
NAP_GUEST_STATE("clock_discipline", ClockDiscipline);

}  // namespace
}  // namespace guest
