// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/baseline.hpp"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include <filesystem>
#include <mutex>

#include "agent/calls/paths.hpp"
#include "agent/kernel_settings/files.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

fs::path baseline_file() {
    return fs::path(kRunDirectory) / "baseline.json";
}

struct Kept {
    std::mutex mutex;
    std::shared_ptr<const Baseline> baseline;
};

Kept& kept() {
    static Kept once_read;
    return once_read;
}

// What /sys shows of network interfaces depends on who mounted it.
Result<> mount_machine_sys() {
    struct statfs information {};
    if (::statfs(kMachineSys, &information) == 0 && information.f_type == SYSFS_MAGIC) return {};
    std::error_code ignored;
    fs::create_directories(kMachineSys, ignored);
    return in_machine_network([]() -> Result<> {
        if (::mount("sysfs", kMachineSys, "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
            return fail_errno(std::string("cannot mount sysfs at ") + kMachineSys);
        return {};
    });
}

}  // namespace

Result<> record_baseline() {
    NAP_CHECK(mount_machine_sys());
    NAP_TRY(const Json found, within_machine(std::nullopt, []() -> Result<Json> {
                const auto paths = setting_files(DiskNames::read());
                return Json{{"paths", paths}, {"values", read_values(paths)}};
            }));
    const std::lock_guard lock(kept().mutex);
    kept().baseline.reset();
    return replace_file(baseline_file(), channel::dump_json(found));
}

Result<std::shared_ptr<const Baseline>> recorded_baseline() {
    const std::lock_guard lock(kept().mutex);
    if (kept().baseline) return kept().baseline;
    NAP_TRY(const std::string text, read_file(baseline_file()));
    NAP_TRY(const Json found, channel::parse_json(as_bytes(text)));
    kept().baseline = std::make_shared<const Baseline>(
        Baseline{found.value("paths", std::vector<std::string>()), values_from(found["values"])});
    return kept().baseline;
}

Values difference(const Values& baseline, const Values& now) {
    Values set;
    for (const auto& [path, value] : now)
        if (const auto was = baseline.find(path); was == baseline.end() || was->second != value)
            set[path] = value;
    return set;
}

}  // namespace nap::agent
