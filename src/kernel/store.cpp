// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/store.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/fd.hpp"
#include "kernel/assembly.hpp"
#include "kernel/headers.hpp"
#include "kernel/installed/gather.hpp"
#include "kernel/package/apt.hpp"
#include "kernel/package/cache.hpp"
#include "kernel/package/sources.hpp"
#include "kernel/staging.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

// A name in the store, not a path.
Result<> check_version(const std::string& version) {
    if (version.empty() || version.front() == '.' || version.find('/') != version.npos)
        return fail(ErrorKind::usage, "'" + version + "' is not the version of a kernel");
    return {};
}

Kernel kernel_of(const Record& record, const fs::path& directory) {
    std::vector<std::string> modules;
    for (const auto& file : record.modules) modules.push_back(fs::path(file).stem());
    return {.version = record.version,
            .vmlinuz = directory / "vmlinuz",
            .initramfs = directory / "initramfs.img",
            .layout = record.layout,
            .socket_layout = record.socket_layout,
            .source = record.source,
            .modules = std::move(modules)};
}

// What has the place of a kernel, newest version first; a file that strayed into the store has not.
Result<std::vector<std::string>> versions_in(const fs::path& store) {
    std::vector<std::string> versions;
    std::error_code error, gone;
    for (fs::directory_iterator entry(store, error), end; !error && entry != end; entry.increment(error)) {
        std::string name = entry->path().filename();
        if (!name.starts_with('.') && entry->is_directory(gone)) versions.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return fail_errno("cannot read the kernel store " + store.string(), error.value());
    std::ranges::sort(versions,
                      [](const auto& a, const auto& b) { return ::strverscmp(a.c_str(), b.c_str()) > 0; });
    return versions;
}

// The kernel made from these inputs, among others; one whose record cannot be read is none.
std::optional<Record> made_from(const fs::path& store, const Digests& inputs) {
    for (const auto& version : versions_in(store).value_or(std::vector<std::string>{}))
        if (auto record = read_record(store / version);
            record && std::ranges::includes(record->inputs, inputs))
            return std::move(*record);
    return std::nullopt;
}

Result<> remove_tree(const fs::path& tree) {
    std::error_code error;
    fs::remove_all(tree, error);
    if (error) return fail_errno("cannot remove " + tree.string(), error.value());
    return {};
}

// Brings a kernel of the store up to date with `guest`.
Result<Kernel> freshen(const fs::path& store, Record record, const Guest& guest, Staging& staging,
                       const Progress& progress) {
    const fs::path directory = store / record.version;
    if (is_current(record, guest)) return kernel_of(record, directory);
    progress("refresh kernel " + record.version);
    std::error_code error;
    fs::copy(directory, staging.target(), fs::copy_options::recursive | fs::copy_options::create_hard_links,
             error);
    if (error) return fail_errno("cannot copy " + directory.string(), error.value());
    NAP_TRY(auto fresh, reassemble(std::move(record), guest, staging.target(), staging.work(), progress));
    NAP_CHECK(staging.publish(fresh.version));
    return kernel_of(fresh, directory);
}

Result<Kernel> add(const fs::path& store, const KernelFiles& files, const Guest& guest, Staging& staging,
                   const Progress& progress) {
    NAP_TRY(auto record, assemble(files, guest, staging.target(), staging.work(), progress));
    NAP_CHECK(check_version(record.version));
    NAP_CHECK(staging.publish(record.version));
    return kernel_of(record, store / record.version);
}

// What the kernels of the store were made from; one whose record cannot be read was made from nothing.
std::vector<Digests> all_inputs(const fs::path& store) {
    std::vector<Digests> inputs;
    for (const auto& version : versions_in(store).value_or(std::vector<std::string>{}))
        if (auto record = read_record(store / version)) inputs.push_back(std::move(record->inputs));
    return inputs;
}

// Unpacks packages, none of which is in the store yet, and adds the kernel in them.
Result<Kernel> add_unpacked(const fs::path& store, const PackageSet& packages, const Guest& guest,
                            Staging& staging, const Progress& progress) {
    progress("unpack " + packages.source);
    NAP_TRY(auto files, unpack_kernel(packages, staging.work() / "packages"));
    return add(store, files, guest, staging, progress);
}

}  // namespace

Store::Store(const fs::path& directory, const fs::path& libexec)
    // Absolute: make and apt-get run in directories of their own.
    : directory_(fs::absolute(directory)), libexec_(fs::absolute(libexec)) {}

Result<Kernel> Store::add_package(const std::string& package, const Progress& progress) {
    if (!is_package_name(package))
        return fail(ErrorKind::usage,
                    "'" + package + "' is neither the name of a package nor that of a .deb file");
    NAP_TRY(auto staging, Staging::begin(directory_, progress));
    NAP_TRY(auto guest, read_guest(libexec_));
    progress("ask apt for " + package);
    NAP_TRY(auto image, find_image(package, apt_show));
    // One question to apt takes half a second: the headers are not asked for where the image is known.
    if (auto record = made_from(directory_, {{image.get("Package"), image.get("SHA256")}}))
        return freshen(directory_, std::move(*record), guest, staging, progress);
    NAP_TRY(auto plan, plan_packages(image, apt_show));
    progress("download " + plan.image.name + " " + plan.image.version + " and its headers");
    const auto cache = directory_.parent_path() / "cache";
    std::vector<AptPackage> wanted{plan.image};
    wanted.insert(wanted.end(), plan.others.begin(), plan.others.end());
    NAP_TRY(auto debs, fetch_packages(plan.image.name + " and its headers", wanted, cache));
    NAP_TRY(auto packages, read_packages(debs));
    NAP_TRY(auto kernel, add_unpacked(directory_, packages, guest, staging, progress));
    prune_cache(cache, all_inputs(directory_));
    return kernel;
}

Result<Kernel> Store::add_debs(const std::vector<fs::path>& debs, const Progress& progress) {
    NAP_TRY(auto staging, Staging::begin(directory_, progress));
    NAP_TRY(auto guest, read_guest(libexec_));
    NAP_TRY(auto packages, read_packages(debs));
    if (auto record = made_from(directory_, packages.digests))
        return freshen(directory_, std::move(*record), guest, staging, progress);
    return add_unpacked(directory_, packages, guest, staging, progress);
}

Result<Kernel> Store::add_files(const fs::path& vmlinuz, const fs::path& modules, const fs::path& headers,
                                const Progress& progress) {
    NAP_TRY(auto staging, Staging::begin(directory_, progress));
    NAP_TRY(auto guest, read_guest(libexec_));
    NAP_TRY(auto files, locate_files(vmlinuz, modules, headers));
    auto record = made_from(directory_, files.inputs);
    if (record && record->headers == files.headers)
        return freshen(directory_, std::move(*record), guest, staging, progress);
    return add(directory_, files, guest, staging, progress);
}

Result<Kernel> Store::add_installed(Files& files, const std::string& version, const std::string& vmlinuz,
                                    const std::string& source, const Headers& headers,
                                    const Progress& progress) {
    NAP_TRY(auto staging, Staging::begin(directory_, progress));
    NAP_TRY(auto guest, read_guest(libexec_));
    progress("read kernel " + version + " and its modules");
    NAP_TRY(auto gathered, gather(files, version, vmlinuz, staging.work() / "installed"));
    gathered.source = source;
    // Before anything is downloaded for it
    NAP_TRY(const auto config, read_file(gathered.config));
    NAP_CHECK(check_features(version, parse_config(config)));
    NAP_TRY(gathered.header_packages, headers(version));
    NAP_CHECK(unpack_packages(gathered.header_packages, staging.work() / "headers"));
    NAP_TRY(gathered.headers, settle_headers(staging.work() / "headers", version));
    NAP_TRY(gathered.inputs, digest_files({{"vmlinuz", gathered.vmlinuz}, {"config", gathered.config}}));
    return add(directory_, gathered, guest, staging, progress);
}

Result<std::vector<fs::path>> Store::fetch_headers(const std::string& version, const Progress& progress) {
    // Held: nobody prunes the cache meanwhile
    NAP_TRY(auto staging, Staging::begin(directory_, progress));
    progress("ask apt for the headers of " + version);
    NAP_TRY(const auto packages, plan_headers(version, apt_show));
    progress("download the headers of " + version);
    return fetch_packages("the headers of " + version, packages, directory_.parent_path() / "cache");
}

bool Store::holds(const std::string& version, const std::string& vmlinuz) const {
    const auto kernel = find(version);
    if (!kernel) return false;
    const auto image = read_file(kernel->vmlinuz);
    return image && *image == vmlinuz;
}

Result<Listing> Store::list() const {
    Listing listing;
    NAP_TRY(auto versions, versions_in(directory_));
    for (const auto& version : versions) {
        if (auto record = read_record(directory_ / version))
            listing.kernels.push_back(kernel_of(*record, directory_ / version));
        else
            listing.damaged.push_back(record.error());
    }
    return listing;
}

Result<Kernel> Store::find(const std::string& version) const {
    NAP_CHECK(check_version(version));
    NAP_TRY(auto versions, versions_in(directory_));
    if (std::ranges::find(versions, version) == versions.end()) {
        std::string sentence = "there is no kernel " + version + " in the store; ";
        if (versions.empty())
            sentence += "it is empty";
        else
            sentence += "there are:";
        for (const auto& each : versions) sentence += ' ' + each;
        return fail(ErrorKind::not_found, sentence);
    }
    NAP_TRY(auto record, read_record(directory_ / version));
    return kernel_of(record, directory_ / version);
}

Result<Kernel> Store::refresh(const std::string& version, const Progress& progress) {
    NAP_CHECK(find(version));
    NAP_TRY(auto guest, read_guest(libexec_));
    NAP_TRY(auto record, read_record(directory_ / version));
    // The usual case needs no lock: machines start while a kernel is being added.
    if (is_current(record, guest)) return kernel_of(record, directory_ / version);
    NAP_TRY(auto staging, Staging::begin(directory_, progress));
    NAP_TRY(record, read_record(directory_ / version));
    return freshen(directory_, std::move(record), guest, staging, progress);
}

Result<> Store::remove(const std::string& version) {
    NAP_CHECK(check_version(version));
    NAP_TRY(auto staging, Staging::begin(directory_));
    NAP_TRY(auto versions, versions_in(directory_));
    if (std::ranges::find(versions, version) == versions.end()) return std::unexpected(find(version).error());
    // Moved aside first: half a kernel is never seen under its name.
    std::error_code error;
    fs::rename(directory_ / version, staging.work() / "removed", error);
    if (error) return fail_errno("cannot remove kernel " + version, error.value());
    return remove_tree(staging.work() / "removed");
}

}  // namespace nap::kernel
