// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/features.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace nap::kernel {

namespace {

enum class Need { built_in, built_in_or_module, off };

struct Requirement {
    std::string_view option;
    Need need;
    std::string_view purpose;
};

constexpr Requirement kRequirements[] = {
    {"X86_64", Need::built_in, "the machine's processor"},
    {"BLK_DEV_INITRD", Need::built_in, "the agent lies in the initramfs"},
    {"DEVTMPFS", Need::built_in, "device nodes"},
    {"SERIAL_8250_CONSOLE", Need::built_in, "the machine's console"},
    {"ACPI_HOTPLUG_MEMORY", Need::built_in, "user memory is a DIMM"},
    {"MEMORY_HOTPLUG", Need::built_in, "user memory is a DIMM"},
    {"MEMORY_ISOLATION", Need::built_in, "user memory is a movable zone"},
    {"SPARSEMEM_VMEMMAP", Need::built_in, "page frames are found in the older kernel's memory"},
    {"TRANSPARENT_HUGEPAGE", Need::built_in, "2 MiB pages are adopted as such"},
    {"PROC_PAGE_MONITOR", Need::built_in, "page flags"},
    {"MODULES", Need::built_in, "the adoption module"},
    {"MODULE_SIG_FORCE", Need::off, "the adoption module is not signed by the distribution"},
    {"LOCK_DOWN_KERNEL_FORCE_INTEGRITY", Need::off, "the adoption module is not signed by the distribution"},
    {"LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", Need::off,
     "the adoption module is not signed by the distribution"},
    {"KPROBES", Need::built_in, "the adoption module"},
    {"KALLSYMS", Need::built_in, "the adoption module"},
    {"KALLSYMS_ALL", Need::built_in, "the older kernel's page tables are found by its data symbols"},
    {"DEBUG_INFO_BTF", Need::built_in, "the layout of the older kernel's structures"},
    {"NAMESPACES", Need::built_in, "the userland has its own namespaces"},
    {"UTS_NS", Need::built_in, "the userland has its own namespaces"},
    {"IPC_NS", Need::built_in, "the userland has its own namespaces"},
    {"PID_NS", Need::built_in, "the userland has its own namespaces"},
    {"NET_NS", Need::built_in, "the userland has its own namespaces"},
    {"TIME_NS", Need::built_in, "the userland's monotonic clock goes on across kernels"},
    {"CGROUPS", Need::built_in, "the userland is frozen as a cgroup"},
    {"MEMCG", Need::built_in, "adopted pages are charged to their cgroup"},
    {"CGROUP_BPF", Need::built_in, "sockets are kept from sending while they are recreated"},
    {"CHECKPOINT_RESTORE", Need::built_in, "CRIU"},
    {"FHANDLE", Need::built_in, "CRIU"},
    {"INOTIFY_USER", Need::built_in, "CRIU"},
    {"UNIX_DIAG", Need::built_in_or_module, "CRIU"},
    {"INET_DIAG", Need::built_in_or_module, "CRIU"},
    {"INET_TCP_DIAG", Need::built_in_or_module, "CRIU"},
    {"INET_UDP_DIAG", Need::built_in_or_module, "CRIU"},
    {"INET_RAW_DIAG", Need::built_in_or_module, "CRIU"},
    {"PACKET_DIAG", Need::built_in_or_module, "CRIU"},
    {"NETLINK_DIAG", Need::built_in_or_module, "CRIU"},
    {"NF_TABLES", Need::built_in_or_module, "CRIU"},
    {"NF_CT_NETLINK", Need::built_in_or_module, "CRIU"},
    {"VIRTIO_PCI", Need::built_in_or_module, "the machine's devices"},
    {"VIRTIO_BLK", Need::built_in_or_module, "the machine's disks"},
    {"VIRTIO_NET", Need::built_in_or_module, "the machine's network"},
    {"VIRTIO_CONSOLE", Need::built_in_or_module, "the agent's channel"},
    {"EXT4_FS", Need::built_in_or_module, "the machine's root file system"},
};

constexpr std::pair kOldest{6, 1};

// "6.12.117+deb12-cloud-amd64" -> (6, 12)
std::optional<std::pair<int, int>> major_minor(std::string_view version) {
    int major = 0, minor = 0;
    const char* end = version.data() + version.size();
    auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
    auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec != std::errc()) return std::nullopt;
    return std::pair{major, minor};
}

// What is wrong with `value`, if anything is.
std::optional<std::string> complaint(const Requirement& wanted, std::string_view value) {
    const std::string option = "CONFIG_" + std::string(wanted.option);
    switch (wanted.need) {
        case Need::built_in:
            if (value == "y") return std::nullopt;
            return option + (value == "m" ? "=m (must be y)" : " is off");
        case Need::built_in_or_module:
            if (value == "y" || value == "m") return std::nullopt;
            return option + " is off";
        case Need::off:
            if (value != "y") return std::nullopt;
            return option + " is on";
    }
    return std::nullopt;
}

}  // namespace

Config parse_config(std::string_view text) {
    constexpr std::string_view kPrefix = "CONFIG_";
    Config config;
    while (!text.empty()) {
        auto end = text.find('\n');
        auto line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        auto equals = line.find('=');
        if (!line.starts_with(kPrefix) || equals == std::string_view::npos) continue;
        config.emplace(line.substr(kPrefix.size(), equals - kPrefix.size()), line.substr(equals + 1));
    }
    return config;
}

Result<Config> check_features(std::string_view version, const Config& config) {
    const std::string kernel = "kernel " + std::string(version);
    auto number = major_minor(version);
    if (!number) return fail(ErrorKind::protocol, "cannot tell the version of " + kernel);
    if (*number < kOldest)
        return fail(ErrorKind::refused, kernel + " is too old for Nap, which needs 6.1 or newer");
    Config checked;
    std::string complaints;
    for (const auto& wanted : kRequirements) {
        auto found = config.find(wanted.option);
        std::string value = found == config.end() ? "n" : found->second;
        if (auto wrong = complaint(wanted, value))
            complaints += (complaints.empty() ? "" : "; ") + *wrong +
                          (wanted.need == Need::off ? " (" : " (needed for: ") + std::string(wanted.purpose) +
                          ")";
        checked.emplace(wanted.option, std::move(value));
    }
    if (!complaints.empty())
        return fail(ErrorKind::refused, kernel + " was not built with what Nap needs: " + complaints + ".");
    return checked;
}

}  // namespace nap::kernel
