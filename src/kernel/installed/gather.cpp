// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/installed/gather.hpp"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/image/modules.hpp"
#include "kernel/image/vmlinuz.hpp"
#include "kernel/installed/boot_folder.hpp"
#include "kernel/installed/module_index.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostVmlinuz = 64 * kMiB, kMostModule = 64 * kMiB, kMostText = 16 * kMiB;
constexpr std::size_t kSetup = 4096;  // a shorter one has been cut

std::string boot_file(std::string_view name, const std::string& version) {
    return std::string(kBootFolder) + '/' + std::string(name) + '-' + version;
}

Result<> keep(const fs::path& path, std::string_view content) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return fail_errno("cannot make the directory " + path.parent_path().string(), error.value());
    NAP_TRY(auto fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
    return write_all(fd.get(), content);
}

std::string modules_folder(const std::string& version) {
    return "/lib/modules/" + version;
}

// The files of the modules that every generation loads, and of those they need; what is not there is built
// in, or will be named.
std::set<std::string> wanted_files(const Dependencies& dependencies) {
    std::set<std::string> files;
    for (const auto& [path, needs] : dependencies) {
        const auto name = module_name(path);
        if (std::ranges::find(wanted_modules(), name, &WantedModule::name) == wanted_modules().end())
            continue;
        files.insert(path);
        files.insert(needs.begin(), needs.end());
    }
    return files;
}

Error incomplete(const std::string& version, const Error& error) {
    if (error.kind != ErrorKind::not_found) return error;
    return {ErrorKind::refused, "kernel " + version + " is not installed completely: " + error.message};
}

Result<std::string> read_config(Files& files, const std::string& version, const std::string& modules) {
    auto config = files.read(boot_file("config", version), kMostText);
    if (!config && config.error().kind == ErrorKind::not_found)
        if (auto beside = files.read(modules + "/config", kMostText)) return beside;
    if (!config) return std::unexpected(incomplete(version, config.error()));
    return config;
}

Result<> gather_modules(Files& files, const std::string& version, const std::string& from,
                        const fs::path& target) {
    for (const auto* name : {"modules.dep", "modules.builtin"}) {
        auto text = files.read(from + '/' + name, kMostText);
        if (!text) return std::unexpected(incomplete(version, text.error()));
        NAP_CHECK(keep(target / name, *text));
    }
    NAP_TRY(const auto index, read_file(target / "modules.dep", kMostText));
    for (const auto& file : wanted_files(parse_dependencies(index))) {
        if (!is_beneath(file))
            return fail(ErrorKind::protocol, from + "/modules.dep names a module outside of it, " + file);
        auto module = files.read(from + '/' + file, kMostModule);
        if (!module) return std::unexpected(incomplete(version, module.error()));
        NAP_CHECK(keep(target / file, *module));
    }
    return {};
}

}  // namespace

Result<std::string> read_vmlinuz(Files& files, const std::string& version) {
    const auto path = boot_file("vmlinuz", version);
    NAP_TRY(auto content, files.read(path, kMostVmlinuz));
    auto image = parse_boot_image(as_bytes(content));
    const bool begins_well = image || content.size() < kSetup || is_boot_image(as_bytes(content));
    // A disk that became full leaves the beginning
    const std::string advice =
        begins_well ? "; was " + std::string(kBootFolder) + " full when it was installed?" : "";
    if (!image)
        return fail(ErrorKind::refused, "the kernel in " + path + " (" + std::to_string(content.size()) +
                                            " bytes) cannot be used: " + image.error().message + advice);
    if (auto whole = unpack_vmlinux(*image); !whole)
        return fail(ErrorKind::refused,
                    "the kernel in " + path + " cannot be used: " + whole.error().message + advice);
    if (image->version != version)
        return fail(ErrorKind::refused,
                    "the kernel in " + path + " cannot be used: it says that it is " + image->version);
    return content;
}

Result<> check_installed(Files& files, const std::string& version) {
    const auto modules = modules_folder(version);
    NAP_TRY(const auto config, read_config(files, version, modules));
    NAP_CHECK(check_features(version, parse_config(config)));
    if (auto index = files.read(modules + "/modules.dep", kMostText); !index)
        return std::unexpected(incomplete(version, index.error()));
    return {};
}

Result<KernelFiles> gather(Files& files, const std::string& version, const std::string& vmlinuz,
                           const fs::path& tree) {
    const auto modules = modules_folder(version);
    KernelFiles gathered{.vmlinuz = tree / "vmlinuz",
                         .modules = tree / "modules",
                         .config = tree / "config",
                         .headers = {},
                         .header_packages = {},
                         .source = {},
                         .inputs = {}};
    NAP_CHECK(keep(gathered.vmlinuz, vmlinuz));
    NAP_TRY(const auto config, read_config(files, version, modules));
    NAP_CHECK(keep(gathered.config, config));
    NAP_CHECK(gather_modules(files, version, modules, gathered.modules));
    return gathered;
}

}  // namespace nap::kernel
