// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/initramfs.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/image/cpio.hpp"
#include "kernel/image/libraries.hpp"
#include "kernel/tool.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostProgram = 512 * kMiB;
constexpr std::chrono::minutes kLimit{1};

struct Program {
    std::string_view name;   // in libexec
    std::string_view guest;  // in the initramfs
    bool required;
};
constexpr Program kPrograms[] = {
    {"agent", "/init", true}, {"criu", "/nap/criu", true}, {"tar", "/bin/tar", false}};

constexpr std::string_view kDirectories[] = {"proc", "sys", "dev", "run", "tmp",
                                             "root", "etc", "nap", "sbin"};

std::string in_archive(std::string_view absolute) {
    return std::string(absolute.substr(1));
}

// A program's content, without debug information: every byte costs boot time.
Result<std::string> stripped(const fs::path& program, const fs::path& work) {
    const fs::path copy = work / "stripped";
    Command strip{.argv = {"strip", "--strip-debug", "-o", copy.string(), program.string()}};
    NAP_CHECK(run_tool("cannot strip " + program.string(), std::move(strip), kLimit));
    return read_file(copy, kMostProgram);
}

}  // namespace

Result<std::map<std::string, fs::path>> programs_of(const fs::path& libexec) {
    std::map<std::string, fs::path> files;
    for (const auto& program : kPrograms) {
        const fs::path host = libexec / program.name;
        std::error_code error;
        if (!fs::exists(host, error)) {
            if (!program.required) continue;
            return fail(ErrorKind::not_found, "Nap's own " + std::string(program.name) + " is not in " +
                                                  libexec.string() + ": the installation is not complete");
        }
        files.emplace(program.guest, host);
        NAP_TRY(auto libraries, libraries_of(host));
        for (const auto& library : libraries) files.emplace(library.guest, library.host);
    }
    return files;
}

// Not compressed: 6.8 MB cost a guest under TCG 0.11 s less until init than the same in zstd (counted
// instructions).
Result<> write_initramfs(const fs::path& file, const std::map<std::string, fs::path>& programs,
                         const std::vector<Module>& modules, const std::string& adoption_module,
                         const fs::path& work) {
    std::vector<CpioEntry> entries;
    for (auto name : kDirectories) entries.push_back({std::string(name), S_IFDIR | 0755, {}});
    entries.push_back({"dev/console", S_IFCHR | 0600, {}, makedev(5, 1)});
    entries.push_back({"dev/null", S_IFCHR | 0666, {}, makedev(1, 3)});
    for (const auto& [guest, host] : programs) {
        NAP_TRY(auto content, stripped(host, work));
        entries.push_back(cpio_file(in_archive(guest), std::move(content), 0755));
    }
    entries.push_back({"sbin/modprobe", S_IFLNK | 0777, "/init"});  // as the kernel calls it
    std::string list;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        // Two digits, so that the names sort in load order.
        auto path = "/nap/modules/" + std::string(i < 10 ? "0" : "") + std::to_string(i) + '-' +
                    modules[i].name + ".ko";
        entries.push_back(cpio_file(in_archive(path), modules[i].content, 0644));
        list += path + '\n';
    }
    entries.push_back(cpio_file("nap/modules.list", std::move(list), 0644));
    entries.push_back(cpio_file("nap/nap.ko", adoption_module, 0644));
    return write_cpio(file, entries);
}

}  // namespace nap::kernel
