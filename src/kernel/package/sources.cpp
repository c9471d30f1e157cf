// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/sources.hpp"

#include "base/fd.hpp"
#include "kernel/headers.hpp"
#include "kernel/image/vmlinuz.hpp"
#include "kernel/package/deb.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVmlinuz = "vmlinuz-";

// The first of `candidates` that exists.
Result<fs::path> first_of(const std::string& what, const std::vector<fs::path>& candidates) {
    std::string tried;
    for (const auto& candidate : candidates) {
        std::error_code error;
        if (fs::exists(candidate, error)) return candidate;
        tried += (tried.empty() ? "" : ", ") + candidate.string();
    }
    return fail(ErrorKind::not_found, "cannot find " + what + " (looked for " + tried + ")");
}

Result<fs::path> only_vmlinuz(const fs::path& boot, const std::string& source) {
    fs::path found;
    std::error_code error;
    for (fs::directory_iterator entry(boot, error), end; !error && entry != end; entry.increment(error)) {
        if (!entry->path().filename().string().starts_with(kVmlinuz)) continue;
        if (!found.empty())
            return fail(ErrorKind::usage,
                        "there are several kernels among the packages: " + found.filename().string() +
                            " and " + entry->path().filename().string());
        found = entry->path();
    }
    if (found.empty()) return fail(ErrorKind::refused, "the package " + source + " has no kernel in /boot");
    return found;
}

Result<std::string> version_of(const fs::path& vmlinuz) {
    NAP_TRY(auto content, read_file(vmlinuz));
    auto image = parse_boot_image(as_bytes(content));
    if (!image) return std::unexpected(image.error().within("cannot use " + vmlinuz.string()));
    return image->version;
}

}  // namespace

Result<PackageSet> read_packages(const std::vector<fs::path>& debs) {
    PackageSet set;
    std::map<std::string, fs::path> files;
    for (const auto& deb : debs) {
        NAP_TRY(auto control, deb_control(deb));
        const std::string name = control.get("Package");
        if (!files.emplace(name, deb).second)
            return fail(ErrorKind::usage, "the package " + name + " was given twice: " +
                                              files[name].string() + " and " + deb.string());
        bool headers = name.starts_with("linux-headers-") || name.starts_with("linux-kbuild-");
        (headers ? set.headers : set.images).push_back(deb);
        if (name.starts_with("linux-image-")) set.source = name + ' ' + control.get("Version");
    }
    if (set.source.empty())
        return fail(ErrorKind::usage, "there is no kernel image (linux-image-VERSION) among the packages");
    if (set.headers.empty())
        return fail(ErrorKind::usage,
                    "there are no headers (linux-headers-VERSION) among the packages: the adoption "
                    "module cannot be built for " +
                        set.source);
    NAP_TRY(set.digests, digest_files(files));
    return set;
}

Result<KernelFiles> unpack_kernel(const PackageSet& packages, const fs::path& tree) {
    NAP_CHECK(unpack_packages(packages.images, tree));
    NAP_TRY(auto vmlinuz, only_vmlinuz(tree / "boot", packages.source));
    NAP_TRY(auto version, version_of(vmlinuz));
    NAP_TRY(auto modules, first_of("the modules of kernel " + version,
                                   {tree / "lib/modules" / version, tree / "usr/lib/modules" / version}));
    NAP_TRY(auto config,
            first_of("the configuration of kernel " + version, {tree / "boot" / ("config-" + version)}));
    NAP_CHECK(unpack_packages(packages.headers, tree / "headers"));
    NAP_TRY(auto headers, settle_headers(tree / "headers", version));
    return KernelFiles{.vmlinuz = vmlinuz,
                       .modules = modules,
                       .config = config,
                       .headers = headers,
                       .header_packages = packages.headers,
                       .source = packages.source,
                       .inputs = packages.digests};
}

Result<KernelFiles> locate_files(const fs::path& vmlinuz, const fs::path& modules, const fs::path& headers) {
    NAP_TRY(auto version, version_of(vmlinuz));
    NAP_TRY(auto builtin, first_of("the modules of kernel " + version,
                                   {modules / "modules.builtin", modules / version / "modules.builtin",
                                    modules / "lib/modules" / version / "modules.builtin",
                                    modules / "usr/lib/modules" / version / "modules.builtin"}));
    KernelFiles files;
    files.vmlinuz = vmlinuz;
    files.modules = builtin.parent_path();
    files.source = vmlinuz.string();
    NAP_TRY(auto makefile, first_of("the headers of kernel " + version,
                                    {(headers.empty() ? files.modules / "build" : headers) / "Makefile"}));
    std::error_code error;
    files.headers = fs::canonical(makefile.parent_path(), error);
    if (error) return fail_errno("cannot use the headers " + makefile.parent_path().string(), error.value());
    NAP_TRY(files.config, first_of("the configuration of kernel " + version,
                                   {vmlinuz.parent_path() / ("config-" + version), files.headers / ".config",
                                    files.modules / "config"}));
    // A module that fits this kernel and these headers is the same module.
    NAP_TRY(files.inputs, digest_files({{"vmlinuz", vmlinuz},
                                        {"modules.builtin", builtin},
                                        {"config", files.config},
                                        {"Module.symvers", files.headers / "Module.symvers"}}));
    return files;
}

}  // namespace nap::kernel
