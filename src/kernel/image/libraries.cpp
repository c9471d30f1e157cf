// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/libraries.hpp"

#include <algorithm>
#include <array>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/image/elf.hpp"
#include "kernel/tool.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLimit{30};
constexpr std::size_t kMostProgram = 512 * kMiB;
// The system directories of glibc's loader as distributions build it.
constexpr std::array<std::string_view, 6> kSystemDirectories = {
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};

bool is_system_directory(const fs::path& directory) {
    return std::ranges::find(kSystemDirectories, directory.string()) != kSystemDirectories.end();
}

}  // namespace

Result<std::vector<Library>> parse_library_list(std::string_view list) {
    constexpr std::string_view kArrow = " => ";
    std::vector<Library> libraries;
    fs::path beside_libc = kSystemDirectories[0];
    while (!list.empty()) {
        auto end = list.find('\n');
        auto line = list.substr(0, end);
        list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
        auto arrow = line.find(kArrow);
        // Without an arrow: the vdso, or the loader itself.
        if (arrow == std::string_view::npos) continue;
        std::string name(line.substr(0, arrow));
        name.erase(0, name.find_first_not_of(" \t"));
        auto rest = line.substr(arrow + kArrow.size());
        if (rest.starts_with("not found"))
            return fail(ErrorKind::not_found, "the shared library " + name + " is not on this host");
        fs::path host = rest.substr(0, rest.find(" (0x"));
        // The loader lists itself where a library names it.
        if (fs::path(name).is_absolute() || name.starts_with("ld-linux")) continue;
        if (name.starts_with("libc.so")) beside_libc = host.parent_path();
        libraries.push_back({host, host.parent_path() / name});
    }
    for (auto& library : libraries)
        if (!is_system_directory(library.guest.parent_path()))
            library.guest = beside_libc / library.guest.filename();
    return libraries;
}

Result<std::vector<Library>> libraries_of(const fs::path& program) {
    const std::string what = "cannot tell the shared libraries of " + program.string();
    NAP_TRY(auto content, read_file(program, kMostProgram));
    auto loader = elf_interpreter(as_bytes(content));
    if (!loader) return std::unexpected(loader.error().within(what));
    if (!*loader) return std::vector<Library>{};
    // As ldd does, which only asks the loader.
    NAP_TRY(auto list, run_tool(what, Command{.argv = {**loader, "--list", program.string()}}, kLimit));
    auto libraries = parse_library_list(list);
    if (!libraries) return std::unexpected(libraries.error().within(what));
    libraries->push_back({**loader, **loader});
    return libraries;
}

}  // namespace nap::kernel
