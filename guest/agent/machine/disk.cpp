// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/disk.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Call;

namespace {

constexpr std::array kFileSystems = {"ext4", "xfs", "btrfs"};
constexpr std::chrono::seconds kDiskLimit{5};

// Tries until it is there: disks are probed, and partitions found, in the background.
Result<fs::path> wait_for(const std::string& what, auto&& find) {
    const auto deadline = std::chrono::steady_clock::now() + kDiskLimit;
    for (;;) {
        if (fs::path found = find(); !found.empty()) return found;
        if (std::chrono::steady_clock::now() > deadline)
            return fail(ErrorKind::not_found, "there is no " + what);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

fs::path find_disk() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/block", error)) {
        auto serial = read_file(entry.path() / "serial");
        if (serial && serial->starts_with(kDiskSerial)) return fs::path("/dev") / entry.path().filename();
    }
    return {};
}

fs::path find_partition(const fs::path& disk, std::uint64_t partition) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path("/sys/block") / disk.filename(), error)) {
        auto number = read_file(entry.path() / "partition");
        if (number && *number == std::to_string(partition) + "\n")
            return fs::path("/dev") / entry.path().filename();
    }
    return {};
}

Result<> forget_what_was_read(const fs::path& disk, bool partitions) {
    NAP_TRY(UniqueFd device, open_file(disk, O_RDONLY));
    if (::ioctl(device.get(), BLKFLSBUF, 0) != 0)
        return fail_errno("cannot flush the buffers of " + disk.string());
    if (partitions && ::ioctl(device.get(), BLKRRPART, 0) != 0)
        return fail_errno("cannot read the partitions of " + disk.string());
    return {};
}

Result<std::string> mount_any(const fs::path& device) {
    std::error_code ignored;
    fs::create_directories(kRoot, ignored);
    for (const char* type : kFileSystems) {
        if (::mount(device.c_str(), kRoot, type, MS_RELATIME, nullptr) == 0) return type;
        if (errno != EINVAL && errno != ENODEV)
            return fail_errno("cannot mount " + device.string() + " as " + type);
    }
    return fail(ErrorKind::unsupported,
                "cannot mount " + device.string() + ": it holds no ext4, xfs or btrfs");
}

}  // namespace

Result<Json> mount_root(Agent& agent, const Json& params, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_TRY(const std::uint64_t partition, number_or(params, "partition", 0));
    NAP_TRY(fs::path device, wait_for("disk with serial number nap-root", find_disk));
    NAP_CHECK(forget_what_was_read(device, partition > 0));
    if (partition > 0) {
        NAP_TRY(device, wait_for("partition " + std::to_string(partition) + " on the disk " + device.string(),
                                 [&] { return find_partition(device, partition); }));
    }
    NAP_TRY(const std::string type, mount_any(device));
    return Json{{"file_system", type}};
}

Result<> set_root_frozen(bool freeze) {
    NAP_TRY(UniqueFd root, open_file(kRoot, O_RDONLY | O_DIRECTORY));
    if (::ioctl(root.get(), freeze ? FIFREEZE : FITHAW, 0) != 0 && errno != (freeze ? EBUSY : EINVAL))
        return fail_errno(std::string("cannot ") + (freeze ? "freeze" : "thaw") + " the root file system");
    return {};
}

Result<Json> file_systems(Agent&, const Json& params, Call&) {
    NAP_TRY(const bool freeze, truth_or(params, "frozen", true));
    NAP_CHECK(set_root_frozen(freeze));
    return Json::object();
}

}  // namespace nap::agent
