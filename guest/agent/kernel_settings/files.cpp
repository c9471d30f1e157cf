// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/files.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "agent/kernel_settings/rules.hpp"
#include "agent/kernel_settings/values.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSys = "/sys", kBlock = "/sys/block/";

bool can_be_set(const fs::directory_entry& entry) {
    std::error_code error;
    const auto mode = entry.symlink_status(error).permissions();
    return !error && (mode & fs::perms::owner_read) != fs::perms::none &&
           (mode & fs::perms::owner_write) != fs::perms::none;
}

using Chosen = std::function<bool(const std::string& path)>;

// Files in the folder, and below it, that can be set. `place`: how the folder is called in a setting's path.
void add_files(std::vector<std::string>& paths, const fs::path& folder, const std::string& place,
               const Chosen& chosen) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string path = place + "/" + entry.path().filename().string();
        std::error_code ignored;
        const auto type = entry.symlink_status(ignored).type();
        if (type == fs::file_type::directory && chosen(path + "/"))
            add_files(paths, entry.path(), path, chosen);
        else if (type == fs::file_type::regular && chosen(path) && can_be_set(entry))
            paths.push_back(path);
    }
}

// Transparent and reserved huge pages, KSM, the multi-generational LRU: what tuned, databases and init
// scripts set. Not monitors, which do something when they are written.
bool of_memory(const std::string& path) {
    for (const char* other : {"/damon/", "/page_idle/", "_mempolicy", "/demote", "/slab/"})
        if (path.find(other) != std::string::npos) return false;
    return true;
}

// Scheduler, read-ahead, limits of a disk: udev's rules, tuned.
bool of_queue(const std::string& path) {
    return !path.ends_with("/zone_wplug") && !path.ends_with("/io_poll");
}

// Steering of packets, NAPI: tuned and irqbalance. The rest is carried with the link.
bool of_interface(const std::string& path) {
    for (const char* name : {"/queues/", "/rps_cpus", "/rps_flow_cnt", "/xps_cpus", "/xps_rxqs",
                             "/tx_maxrate", "/gro_flush_timeout", "/napi_defer_hard_irqs", "/threaded"})
        if (path.ends_with(name)) return true;
    return path.find("/queues/") != std::string::npos && path.ends_with("/");
}

// Where unbound kernel work runs; CPUs and clock; the kernel's helper.
constexpr const char* kSingle[] = {
    "/sys/devices/virtual/workqueue/cpumask",
    "/sys/devices/virtual/workqueue/writeback/cpumask",
    "/sys/devices/virtual/workqueue/writeback/nice",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "/sys/devices/system/cpu/cpuidle/current_governor",
    "/sys/kernel/rcu_expedited",
    "/sys/kernel/rcu_normal",
    "/sys/kernel/uevent_helper",
    "/proc/irq/default_smp_affinity",
};

}  // namespace

DiskNames DiskNames::read() {
    DiskNames disks;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(kBlock, error)) {
        auto serial = read_file(entry.path() / "serial");
        if (!serial) continue;
        while (serial->ends_with('\n') || serial->ends_with('\0')) serial->pop_back();
        if (!serial->empty() && serial->find('/') == std::string::npos)
            disks.names_[*serial] = entry.path().filename();
    }
    return disks;
}

std::string DiskNames::file_of(const std::string& path) const {
    if (!path.starts_with(kSys)) return path;
    std::string below = path.substr(kSys.size());
    if (path.starts_with(kBlock)) {
        const auto end = path.find('/', kBlock.size());
        const auto found = names_.find(path.substr(kBlock.size(), end - kBlock.size()));
        if (found != names_.end() && end != std::string::npos)
            below = "/block/" + found->second + path.substr(end);
    }
    return kMachineSys + below;
}

std::vector<std::string> setting_files(const DiskNames& disks) {
    std::vector<std::string> paths;
    const auto add = [&](const std::string& folder, const Chosen& chosen) {
        add_files(paths, disks.file_of(folder), folder, chosen);
    };
    add("/proc/sys", [](const std::string& path) { return is_sysctl(path); });
    add("/sys/kernel/mm", of_memory);
    for (const auto& [serial, name] : disks.by_serial())
        for (const char* folder : {"/queue", "/bdi"}) add(std::string(kBlock) + serial + folder, of_queue);
    for (const char* name : {"eth0", "lo"}) add(std::string("/sys/class/net/") + name, of_interface);
    std::error_code error;
    for (const auto& module : fs::directory_iterator(std::string(kMachineSys) + "/module", error))
        add("/sys/module/" + module.path().filename().string() + "/parameters",
            [](const std::string&) { return true; });
    for (const auto& cpu : fs::directory_iterator(std::string(kMachineSys) + "/devices/system/cpu", error))
        if (const auto path = "/sys/devices/system/cpu/" + cpu.path().filename().string() + "/online";
            fs::is_regular_file(disks.file_of(path)) && cpu.is_directory())
            paths.push_back(path);
    for (const char* path : kSingle)
        if (fs::exists(disks.file_of(path))) paths.emplace_back(path);
    return paths;
}

}  // namespace nap::agent
