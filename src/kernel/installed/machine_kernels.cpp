// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/installed/machine_kernels.hpp"

#include <algorithm>

#include "base/fd.hpp"
#include "base/version_order.hpp"
#include "kernel/installed/boot_folder.hpp"
#include "kernel/installed/gather.hpp"
#include "kernel/package/apt.hpp"

namespace nap::kernel {

namespace fs = std::filesystem;

namespace {

Error without_headers(const std::string& version, const Error& error) {
    const auto kind = error.kind == ErrorKind::not_found ? ErrorKind::refused : error.kind;
    return {kind,
            "the adoption module cannot be built for kernel " + version + " of its " +
                std::string(kBootFolder) + ": " + error.message +
                " Let this host's apt know the archive that the machine has it from, or add it with its "
                "headers by hand (`nap kernel add IMAGE.deb HEADERS.deb...`)"};
}

}  // namespace

MachineKernels::MachineKernels(const fs::path& shared, const fs::path& own, const fs::path& libexec)
    : shared_(shared, libexec), own_(own, libexec) {}

Result<Kernel> MachineKernels::find(const std::string& version) const {
    auto own = own_.find(version);
    if (own || (own.error().kind != ErrorKind::not_found && own.error().kind != ErrorKind::usage)) return own;
    return shared_.find(version);
}

Result<Kernel> MachineKernels::refresh(const std::string& version, const Progress& progress) {
    return own_.find(version) ? own_.refresh(version, progress) : shared_.refresh(version, progress);
}

Result<Newest> MachineKernels::newest(Files& files, const std::string& running) {
    auto names = files.list(std::string(kBootFolder));
    if (!names && names.error().kind != ErrorKind::not_found) return std::unexpected(names.error());
    auto versions = versions_in_boot(names.value_or(std::vector<std::string>{}), running);
    if (versions.empty())
        return fail(ErrorKind::not_found,
                    "there is no kernel (vmlinuz-VERSION) in its " + std::string(kBootFolder));
    Newest newest{
        .version = versions.front(), .vmlinuz = {}, .others = {versions.begin() + 1, versions.end()}};
    NAP_TRY(newest.vmlinuz, read_vmlinuz(files, newest.version));
    return newest;
}

Result<bool> MachineKernels::runs_already(const Newest& newest, const Kernel& running) {
    if (newest.version != running.version)
        return compare_versions(without_flavour(newest.version), without_flavour(running.version)) < 0;
    NAP_TRY(const auto image, read_file(running.vmlinuz));
    if (image == newest.vmlinuz) return true;
    return fail(ErrorKind::refused, "the kernel " + newest.version + " in its " + std::string(kBootFolder) +
                                        " is another build than the " + running.version +
                                        " that it runs, and Nap tells kernels apart by their versions");
}

// An older own one goes: where the host's store has the same version, that one is found then.
Result<> MachineKernels::forget_others(const Newest& newest, const std::string& running) {
    NAP_TRY(const auto listing, own_.list());
    for (const auto& kernel : listing.kernels) {
        const auto& version = kernel.version;
        const bool in_boot = std::ranges::find(newest.others, version) != newest.others.end();
        if (version == running || in_boot) continue;
        if (version == newest.version && own_.holds(version, newest.vmlinuz)) continue;
        NAP_CHECK(own_.remove(version));
    }
    return {};
}

Result<> MachineKernels::look_at(Files& files, const Newest& newest) {
    const auto& version = newest.version;
    if (own_.holds(version, newest.vmlinuz) || shared_.holds(version, newest.vmlinuz)) return {};
    NAP_CHECK(check_installed(files, version));
    if (auto headers = plan_headers(version, apt_show); !headers)
        return std::unexpected(without_headers(version, headers.error()));
    return {};
}

Result<Kernel> MachineKernels::take(Files& files, const Newest& newest, const std::string& machine,
                                    const std::string& running, const Progress& progress) {
    NAP_CHECK(forget_others(newest, running));
    const auto& version = newest.version;
    if (own_.holds(version, newest.vmlinuz)) return own_.refresh(version, progress);
    if (shared_.holds(version, newest.vmlinuz)) return shared_.refresh(version, progress);
    const auto headers = [&](const std::string& of) -> Result<std::vector<fs::path>> {
        auto fetched = shared_.fetch_headers(of, progress);
        if (fetched) return fetched;
        return std::unexpected(without_headers(of, fetched.error()));
    };
    return own_.add_installed(files, version, newest.vmlinuz, std::string(kBootFolder) + " of " + machine,
                              headers, progress);
}

}  // namespace nap::kernel
