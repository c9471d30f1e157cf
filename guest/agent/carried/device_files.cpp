// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/device_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "agent/carried/part_file.hpp"
#include "agent/files/extended_attributes.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

constexpr const char* kFolder = "/dev";
constexpr std::size_t kMostContent = 1 << 20;
constexpr int kDepthLimit = 32;

bool is_node(mode_t mode) {
    return S_ISCHR(mode) || S_ISBLK(mode);
}

// The kernel has a driver for it, whoever made this node.
bool has_driver(mode_t mode, dev_t device) {
    const std::string number = std::to_string(major(device)) + ":" + std::to_string(minor(device));
    return ::access(((S_ISCHR(mode) ? "/sys/dev/char/" : "/sys/dev/block/") + number).c_str(), F_OK) == 0;
}

Result<Json> describe(const fs::path& file, const struct stat& information, const fs::path& root) {
    Json told = {{"path", to_binary(file.lexically_relative(root).native())},
                 {"mode", information.st_mode},
                 {"uid", information.st_uid},
                 {"gid", information.st_gid},
                 {"accessed", {information.st_atim.tv_sec, information.st_atim.tv_nsec}},
                 {"modified", {information.st_mtim.tv_sec, information.st_mtim.tv_nsec}}};
    if (Json attributes = attributes_of(file); !attributes.empty())
        told["attributes"] = std::move(attributes);
    if (is_node(information.st_mode)) {
        told["device"] = information.st_rdev;
        told["driver"] = has_driver(information.st_mode, information.st_rdev);
    } else if (S_ISLNK(information.st_mode)) {
        std::error_code error;
        told["target"] = to_binary(fs::read_symlink(file, error).native());
    } else if (S_ISREG(information.st_mode)) {
        NAP_TRY(const std::string content, read_file(file, kMostContent));
        told["content"] = to_binary(content);
    }
    return told;
}

Result<> list_below(const fs::path& folder, const fs::path& root, dev_t device, int depth, Json& listed) {
    if (depth > kDepthLimit) return fail(ErrorKind::unsupported, folder.string() + " lies too deep");
    const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(folder.c_str()), ::closedir);
    if (!opened) return fail_errno("cannot read " + folder.string());
    while (const dirent* entry = ::readdir(opened.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        const fs::path file = folder / name;
        struct stat information {};
        if (::lstat(file.c_str(), &information) != 0) continue;
        // What is mounted upon it hides the folder itself: its place is all that is needed.
        const bool mounted_upon = information.st_dev != device;
        if (S_ISSOCK(information.st_mode)) continue;  // made anew by who binds it
        NAP_TRY(Json told, describe(file, information, root));
        if (mounted_upon) told = {{"path", told["path"]}, {"mode", S_IFDIR | 0755}};
        listed.push_back(std::move(told));
        if (S_ISDIR(information.st_mode) && !mounted_upon)
            NAP_CHECK(list_below(file, root, device, depth + 1, listed));
    }
    return {};
}

Result<> make(const fs::path& file, mode_t mode, const Json& told) {
    struct stat there {};
    const bool exists = ::lstat(file.c_str(), &there) == 0;
    if (S_ISLNK(mode)) {
        NAP_TRY(const std::string target, from_binary(told.at("target")));
        std::error_code error;
        if (exists && S_ISLNK(there.st_mode) && fs::read_symlink(file, error) == target) return {};
        if (exists && ::unlink(file.c_str()) != 0) return fail_errno("cannot replace it");
        if (::symlink(target.c_str(), file.c_str()) != 0) return fail_errno("cannot make the link");
        return {};
    }
    if (exists && (there.st_mode & S_IFMT) == (mode & S_IFMT)) return {};
    if (exists) return fail(ErrorKind::guest, "the newer kernel has something else there");
    if (S_ISDIR(mode) ? ::mkdir(file.c_str(), 0755) != 0
                      : ::mknod(file.c_str(), mode & (S_IFMT | 0600), told.value("device", dev_t{0})) != 0)
        return fail_errno("cannot make it");
    if (!S_ISREG(mode)) return {};
    NAP_TRY(const std::string content, from_binary(told.at("content")));
    return write_file(file, content);
}

timespec time_in(const Json& told, const char* key) {
    const auto at = told.at(key).get<std::array<std::int64_t, 2>>();
    return {.tv_sec = at[0], .tv_nsec = at[1]};
}

Result<> give_to_owner(const fs::path& file, mode_t mode, const Json& told) {
    if (!told.contains("uid")) return {};
    if (::lchown(file.c_str(), told["uid"].get<uid_t>(), told["gid"].get<gid_t>()) != 0 ||
        (!S_ISLNK(mode) && ::chmod(file.c_str(), mode & 07777U) != 0))
        return fail_errno("cannot give it to its owner");
    NAP_CHECK(set_attributes(file, told.value("attributes", Json::object())));
    const timespec times[] = {time_in(told, "accessed"), time_in(told, "modified")};
    if (::utimensat(AT_FDCWD, file.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno("cannot set its times");
    return {};
}

Result<> put(const fs::path& file, const Json& told) {
    const auto mode = told.at("mode").get<mode_t>();
    if (is_node(mode)) {
        struct stat there {};
        const auto device = told.at("device").get<dev_t>();
        const bool exists = ::lstat(file.c_str(), &there) == 0, had_driver = told.at("driver").get<bool>();
        if (!exists && had_driver && !has_driver(mode, device)) return {};
        // The kernel's own may have another number in another kernel
        if (exists && !had_driver && there.st_rdev != device)
            return fail(ErrorKind::guest, "the newer kernel has another device there");
    }
    NAP_CHECK(make(file, mode, told));
    return give_to_owner(file, mode, told);
}

}  // namespace

Result<Json> list_device_files(const fs::path& root) {
    struct stat information {};
    if (::stat(root.c_str(), &information) != 0) return fail_errno("cannot look at " + root.string());
    Json listed = Json::array();
    NAP_CHECK(list_below(root, root, information.st_dev, 0, listed));
    return listed;
}

void put_device_files(const fs::path& root, const Json& listed, Warnings& warnings) {
    for (const Json& told : listed) {
        const auto path = from_binary(told.at("path"));
        const auto done = path ? put(root / *path, told) : std::unexpected(path.error());
        if (!done)
            warnings.push_back("The device file " + (root / path.value_or("")).string() +
                               " is not as it was: " + done.error().message + ".");
    }
}

const Part kDeviceFiles{"device-files", [](Agent&, const Task&) { return list_device_files(kFolder); },
                        [](Agent&, const Json& captured, Warnings& warnings) -> Result<> {
                            put_device_files(kFolder, captured, warnings);
                            return {};
                        },
                        nullptr};

}  // namespace nap::agent
