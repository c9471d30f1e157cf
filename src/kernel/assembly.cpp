// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/assembly.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/headers.hpp"
#include "kernel/image/elf.hpp"
#include "kernel/image/initramfs.hpp"
#include "kernel/image/modules.hpp"
#include "kernel/image/vmlinuz.hpp"
#include "kernel/module_build.hpp"
#include "kernel/package/deb.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVmlinuz = "vmlinuz", kInitramfs = "initramfs.img", kAdoptionModule = "nap.ko",
                           kModules = "modules", kPackages = "packages";
constexpr std::size_t kMostModule = 64 * kMiB;

Result<> make_directory(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return fail_errno("cannot make the directory " + directory.string(), error.value());
    return {};
}

// A file of its own at `path`, whatever other names what lay there has.
Result<> write_new(const fs::path& path, std::string_view content) {
    std::error_code error;
    fs::remove(path, error);
    NAP_TRY(auto fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
    if (auto written = write_all(fd.get(), content); !written)
        return std::unexpected(written.error().within(path.string()));
    return {};
}

Result<> read_layouts(const BootImage& image, Record& record) {
    NAP_TRY(auto vmlinux, unpack_vmlinux(image));
    NAP_TRY(auto btf, elf_section(as_bytes(vmlinux), ".BTF"));
    NAP_TRY(record.layout, walk::read_layout(btf));
    NAP_TRY(record.socket_layout, walk::read_socket_layout(btf));
    return {};
}

// Writes them below `target`/modules; gives the names of the files.
Result<std::vector<std::string>> keep_modules(const std::vector<Module>& modules, const fs::path& target) {
    NAP_CHECK(make_directory(target / kModules));
    std::vector<std::string> files;
    for (const auto& module : modules) {
        files.push_back(module.name + ".ko");
        NAP_CHECK(write_new(target / kModules / files.back(), module.content));
    }
    return files;
}

Result<std::vector<Module>> kept_modules(const Record& record, const fs::path& target) {
    std::vector<Module> modules;
    for (const auto& file : record.modules) {
        NAP_TRY(auto content, read_file(target / kModules / file, kMostModule));
        modules.push_back({fs::path(file).stem(), std::move(content)});
    }
    return modules;
}

Result<> keep_packages(const std::vector<fs::path>& packages, const fs::path& target) {
    NAP_CHECK(make_directory(target / kPackages));
    for (const auto& package : packages) {
        std::error_code error;
        fs::create_hard_link(package, target / kPackages / package.filename(), error);
        if (error) fs::copy_file(package, target / kPackages / package.filename(), error);
        if (error) return fail_errno("cannot keep the package " + package.string(), error.value());
    }
    return {};
}

Result<> build_adoption_module(const Record& record, const Guest& guest, const fs::path& headers,
                               const fs::path& target, const fs::path& work, const Progress& progress) {
    progress("build the adoption module for " + record.version);
    NAP_TRY(auto content, build_module(guest.module_source, headers, record.version, work / "module"));
    return write_new(target / kAdoptionModule, content);
}

// The headers of a kernel in the store, unpacked again where they came as packages.
Result<fs::path> kept_headers(const Record& record, const fs::path& target, const fs::path& work) {
    if (!record.headers.empty()) return fs::path(record.headers);
    std::vector<fs::path> packages;
    std::error_code error;
    for (fs::directory_iterator entry(target / kPackages, error), end; !error && entry != end;
         entry.increment(error))
        packages.push_back(entry->path());
    if (error) return fail_errno("cannot read the headers kept of kernel " + record.version, error.value());
    NAP_CHECK(unpack_packages(packages, work / "headers"));
    return settle_headers(work / "headers", record.version);
}

Result<> build_initramfs(const Guest& guest, const std::vector<Module>& modules, const fs::path& target,
                         const fs::path& work, const Progress& progress) {
    progress("assemble the initramfs");
    NAP_TRY(auto adoption_module, read_file(target / kAdoptionModule, kMostModule));
    std::error_code error;
    fs::remove(target / kInitramfs, error);
    return write_initramfs(target / kInitramfs, guest.programs, modules, adoption_module, work);
}

}  // namespace

Result<Guest> read_guest(const fs::path& libexec) {
    Guest guest;
    guest.module_source = libexec / "module";
    NAP_TRY(guest.programs, programs_of(libexec));
    NAP_TRY(guest.program_digests, digest_files(guest.programs));
    NAP_TRY(guest.module_digests, digest_tree(guest.module_source));
    return guest;
}

bool is_current(const Record& record, const Guest& guest) {
    return record.programs == guest.program_digests && record.module_source == guest.module_digests;
}

Result<> unpack_packages(const std::vector<fs::path>& packages, const fs::path& tree) {
    NAP_CHECK(make_directory(tree));
    for (const auto& package : packages) NAP_CHECK(deb_unpack(package, tree));
    return {};
}

Result<Record> assemble(const KernelFiles& files, const Guest& guest, const fs::path& target,
                        const fs::path& work, const Progress& progress) {
    NAP_TRY(auto boot_image, read_file(files.vmlinuz));
    auto image = parse_boot_image(as_bytes(boot_image));
    if (!image) return std::unexpected(image.error().within("cannot use " + files.vmlinuz.string()));
    Record record;
    record.version = image->version;
    record.source = files.source;
    record.inputs = files.inputs;
    progress("check kernel " + record.version);
    NAP_TRY(auto config, read_file(files.config));
    NAP_TRY(record.features, check_features(record.version, parse_config(config)));
    if (auto read = read_layouts(*image, record); !read)
        return std::unexpected(read.error().within("cannot use " + files.vmlinuz.string()));
    NAP_CHECK(write_new(target / kVmlinuz, boot_image));

    NAP_TRY(auto modules, modules_in_load_order(files.modules, wanted_modules()));
    NAP_TRY(record.modules, keep_modules(modules, target));
    if (files.header_packages.empty())
        record.headers = files.headers.string();
    else
        NAP_CHECK(keep_packages(files.header_packages, target));

    NAP_CHECK(build_adoption_module(record, guest, files.headers, target, work, progress));
    NAP_CHECK(build_initramfs(guest, modules, target, work, progress));
    record.programs = guest.program_digests;
    record.module_source = guest.module_digests;
    NAP_CHECK(write_record(target, record));
    return record;
}

Result<Record> reassemble(Record record, const Guest& guest, const fs::path& target, const fs::path& work,
                          const Progress& progress) {
    if (record.module_source != guest.module_digests) {
        NAP_TRY(auto headers, kept_headers(record, target, work));
        NAP_CHECK(build_adoption_module(record, guest, headers, target, work, progress));
    }
    NAP_TRY(auto modules, kept_modules(record, target));
    NAP_CHECK(build_initramfs(guest, modules, target, work, progress));
    record.programs = guest.program_digests;
    record.module_source = guest.module_digests;
    NAP_CHECK(write_record(target, record));
    return record;
}

}  // namespace nap::kernel
