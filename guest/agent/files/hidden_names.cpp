// SPDX-License-Identifier: GPL-2.0-only
#include "agent/files/hidden_names.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "agent/calls/log.hpp"
#include "agent/calls/paths.hpp"
#include "agent/files/nameless_files.hpp"
#include "agent/machine/boot.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

constexpr const char *kModule = "nap", *kFrames = "/sys/module/nap/parameters/u_frames";

fs::path folder() {
    return fs::path(kRoot) / NAP_NAMES_FOLDER;
}

// A kernel that did not begin with an update has no module yet.
Result<UniqueFd> naming_device() {
    std::error_code error;
    if (!fs::exists(kAdoptionDevice, error)) NAP_CHECK(load_module(kAdoptionModule, ""));
    return open_file(kAdoptionDevice, O_RDWR);
}

// The nameless file of the root disk that is there, if it is one.
UniqueFd nameless_at(const std::string& place, const struct stat& root, nap_name& request) {
    UniqueFd file(::open(place.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || status.st_nlink != 0 || status.st_dev != root.st_dev)
        return UniqueFd();
    request.file = file.get();
    request.number = status.st_ino;
    return file;
}

Result<> give(const UniqueFd& device, nap_name request) {
    request.operation = NAP_NAME_GIVE;
    if (::ioctl(device.get(), NAP_IOC_NAME, &request) != 0)
        return fail_errno("cannot name the deleted file with inode " + std::to_string(request.number));
    return {};
}

}  // namespace

fs::path hidden_name(std::uint64_t inode) {
    return fs::path("/") / NAP_NAMES_FOLDER / std::to_string(inode);
}

Result<> prepare_hidden_names() {
    NAP_TRY(const NamelessFiles* files, NamelessFiles::get());
    NAP_TRY(const auto places, files->places());
    if (!places.empty()) NAP_CHECK(naming_device());
    return {};
}

Result<> give_hidden_names(StepTimes& times) {
    NAP_CHECK(take_hidden_names());  // of an attempt whose agent has died
    NAP_TRY(const NamelessFiles* files, NamelessFiles::get());
    NAP_TRY(const auto places, files->places());
    times.ended("find deleted files");
    if (places.empty()) return {};
    NAP_TRY(const UniqueFd root, open_file(kRoot, O_RDONLY | O_DIRECTORY));
    struct stat status {};
    if (::fstat(root.get(), &status) != 0) return fail_errno("cannot look at the root file system");
    UniqueFd device;
    for (const auto& place : places) {
        nap_name request{};
        request.root = root.get();
        const UniqueFd file = nameless_at(place, status, request);
        if (!file) continue;
        if (!device) {
            NAP_TRY(device, naming_device());
        }
        // A small one CRIU copies, and says so where it cannot
        if (auto named = give(device, request); !named) log(named.error().message);
    }
    times.ended("name deleted files");
    return {};
}

Result<> take_hidden_names() {
    std::error_code error;
    if (!fs::is_directory(folder(), error)) return {};
    NAP_TRY(const UniqueFd device, naming_device());
    NAP_TRY(const UniqueFd root, open_file(kRoot, O_RDONLY | O_DIRECTORY));
    std::vector<std::uint64_t> numbers;
    for (const auto& entry : fs::directory_iterator(folder(), error))
        if (const auto number = parse_number<std::uint64_t>(entry.path().filename().native()))
            numbers.push_back(*number);
    nap_name request{};
    request.root = root.get();
    request.operation = NAP_NAME_TAKE;
    for (const auto number : numbers) {
        request.number = number;
        if (::ioctl(device.get(), NAP_IOC_NAME, &request) != 0)
            return fail_errno("cannot take the name of the deleted file with inode " +
                              std::to_string(number));
    }
    request.operation = NAP_NAME_END;
    if (::ioctl(device.get(), NAP_IOC_NAME, &request) != 0)
        return fail_errno("cannot remove " + folder().string());
    return {};
}

Result<> end_hidden_names() {
    const auto frames = read_file(kFrames);
    if (!frames || *frames != "0\n") return {};
    if (::syscall(SYS_delete_module, kModule, O_NONBLOCK) != 0)
        return fail_errno("cannot unload the adoption module");
    return {};
}

}  // namespace nap::agent
