// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/group_state.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <set>
#include <sstream>
#include <string_view>

#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

// What can be written and is no setting: membership, actions, and what is set apart or is another one's other
// form.
const std::set<std::string, std::less<>> kNoSettings = {
    "cgroup.procs",    "cgroup.threads",       "cgroup.kill", "cgroup.subtree_control",
    "cgroup.type",     "memory.reclaim",       "memory.peak", "memory.swap.peak",
    "cpu.weight.nice", "cpuset.cpus.partition"};

constexpr mode_t kUsualMode = 0755;

bool setting(const std::string& name) {
    // Of pressure files what is written is a trigger of the descriptor's.
    return !kNoSettings.contains(name) && (!name.ends_with(".pressure") || name == "cgroup.pressure");
}

}  // namespace

Json settings_of(const fs::path& group) {
    Json found = Json::object();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(group, error)) {
        const std::string name = entry.path().filename();
        struct stat file {};
        if (!setting(name) || ::stat(entry.path().c_str(), &file) != 0 || !S_ISREG(file.st_mode) ||
            (file.st_mode & S_IWUSR) == 0 || (file.st_mode & S_IRUSR) == 0)
            continue;
        if (auto content = read_file(entry.path())) found[name] = *content;
    }
    return found;
}

Json changed_settings(const Json& settings, const Json& fresh) {
    Json changed = Json::object();
    for (const auto& [name, value] : settings.items()) {
        const auto usual = fresh.find(name);
        if (usual == fresh.end() || *usual != value) changed[name] = value;
    }
    return changed;
}

Result<> write_setting(const fs::path& file, const std::string& value) {
    std::istringstream lines(value);
    bool any = false;
    for (std::string line; std::getline(lines, line); any = true) NAP_CHECK(write_file(file, line));
    return any ? Result<>{} : write_file(file, "\n");
}

Json owners_of(const fs::path& group) {
    Json found = Json::object();
    const auto look = [&found](const fs::path& path, const std::string& name) {
        struct stat file {};
        if (::stat(path.c_str(), &file) != 0) return;
        const mode_t mode = file.st_mode & 07777;
        const bool usual = name != "." || mode == kUsualMode;
        if (file.st_uid != 0 || file.st_gid != 0 || !usual) found[name] = {file.st_uid, file.st_gid, mode};
    };
    look(group, ".");
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(group, error))
        if (!entry.is_directory(error)) look(entry.path(), entry.path().filename());
    return found;
}

Result<> set_owners(const fs::path& group, const Json& owners) {
    for (const auto& [name, owner] : owners.items()) {
        const fs::path path = group / name;
        if (::chown(path.c_str(), owner.at(0).get<uid_t>(), owner.at(1).get<gid_t>()) != 0 ||
            ::chmod(path.c_str(), owner.at(2).get<mode_t>()) != 0)
            return fail_errno("cannot give " + path.string() + " to its owner");
    }
    return {};
}

Result<> enable_controllers(const fs::path& group, const std::string& controllers) {
    std::istringstream names(controllers);
    std::string wanted;
    for (std::string name; names >> name;) wanted += (wanted.empty() ? "+" : " +") + name;
    if (wanted.empty()) return {};
    return write_file(group / "cgroup.subtree_control", wanted);
}

}  // namespace nap::agent
