// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/modules.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/image/modules.hpp"
#include "kernel/installed/module_index.hpp"
#include "kernel/package/compressed.hpp"
#include "update/agent/machine_files.hpp"
#include "update/agent/module_calls.hpp"

namespace nap::update {

namespace {

namespace fs = std::filesystem;
using agent::LoadedModule;

constexpr std::size_t kMostIndex = 16 * kMiB, kMostModule = 64 * kMiB;

std::string folder_of(const kernel::Kernel& kernel) {
    return "/lib/modules/" + kernel.version;
}

Result<std::string> read_index(Files& files, const std::string& path) {
    auto text = files.read(path, kMostIndex);
    if (!text && text.error().kind == ErrorKind::not_found) return std::string();
    return text;
}

Result<kernel::NeededModules> find_needed(Files& files, const kernel::Kernel& newer,
                                          const std::vector<LoadedModule>& loaded) {
    std::vector<std::string> wanted;
    for (const auto& module : loaded)
        if (std::ranges::find(newer.modules, module.name) == newer.modules.end())
            wanted.push_back(module.name);
    if (wanted.empty()) return kernel::NeededModules{};
    NAP_TRY(const auto dependencies, read_index(files, folder_of(newer) + "/modules.dep"));
    NAP_TRY(const auto built_in, read_index(files, folder_of(newer) + "/modules.builtin"));
    return kernel::needed_modules(kernel::parse_dependencies(dependencies), built_in, wanted, newer.modules);
}

Obstacle missing(const std::string& name, bool foreign, const kernel::Kernel& newer) {
    const std::string advice = foreign
                                   ? "Build it for " + newer.version +
                                         " in the machine, as DKMS does, or unload it: rmmod " + name + "."
                                   : "Install the package of kernel " + newer.version +
                                         " in the machine, or unload it: rmmod " + name + ".";
    return {0, "", "the kernel module " + name,
            "The machine has none of this name in " + folder_of(newer) + ".", advice};
}

// Decompressed, in `folder`, which is made.
Result<> keep(Files& files, const std::string& from, const fs::path& file) {
    NAP_TRY(const auto bytes, files.read(from, kMostModule));
    auto content = kernel::decompress(as_bytes(bytes), kMostModule);
    if (!content) return std::unexpected(content.error().within("cannot read " + from + " of the machine"));
    NAP_TRY(const UniqueFd fd, open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600));
    return write_all(fd.get(), *content);
}

Result<std::vector<agent::ModuleFile>> fetch(Files& files, const kernel::Kernel& newer,
                                             const std::vector<std::string>& paths,
                                             const std::vector<LoadedModule>& loaded,
                                             const fs::path& folder) {
    std::vector<agent::ModuleFile> modules;
    for (const auto& path : paths) {
        if (!kernel::is_beneath(path))
            return fail(ErrorKind::protocol,
                        folder_of(newer) + "/modules.dep names a module outside of it, " + path);
        const auto file = std::to_string(modules.size()) + ".ko";
        NAP_CHECK(keep(files, folder_of(newer) + "/" + path, folder / file));
        const auto name = kernel::module_name(path);
        const auto was = std::ranges::find(loaded, name, &LoadedModule::name);
        modules.push_back({file, name, was == loaded.end() ? agent::Json::object() : was->parameters});
    }
    return modules;
}

}  // namespace

Result<std::vector<Obstacle>> find_module_obstacles(RunningMachine& machine, const kernel::Kernel& newer,
                                                    const TimeLimits& limits) {
    NAP_TRY(const auto loaded, agent::loaded_modules(machine.generation->agent(), limits.call));
    agent::MachineFiles files(machine.generation->agent(), agent::new_scratch(machine.paths.state));
    NAP_TRY(const auto needed, find_needed(files, newer, loaded));
    std::vector<Obstacle> obstacles;
    for (const auto& name : needed.missing) {
        const auto module = std::ranges::find(loaded, name, &LoadedModule::name);
        obstacles.push_back(missing(name, module->foreign, newer));
    }
    return obstacles;
}

Result<> bring_modules(Attempt& attempt) {
    auto step = attempt.timeline.step("bring modules");
    RunningMachine& machine = attempt.machine;
    NAP_TRY(const auto loaded, agent::loaded_modules(machine.generation->agent(), attempt.limits.call));
    const fs::path folder = agent::new_scratch(machine.paths.state);
    agent::MachineFiles files(machine.generation->agent(), folder / "incoming");
    NAP_TRY(const auto needed, find_needed(files, attempt.newer_kernel, loaded));
    if (needed.files.empty()) return {};
    std::error_code error;
    fs::create_directories(folder / "modules", error);
    if (error) return fail_errno("cannot make " + folder.string(), error.value());
    auto modules = fetch(files, attempt.newer_kernel, needed.files, loaded, folder / "modules");
    auto brought = modules ? agent::load_modules(attempt.newer->agent(), folder / "modules", *modules,
                                                 attempt.limits.boot)
                           : std::unexpected(modules.error());
    fs::remove_all(folder, error);
    if (!brought) return std::unexpected(brought.error().within("bringing the machine's kernel modules"));
    for (auto& warning : *brought) attempt.report.warnings.push_back(std::move(warning));
    return {};
}

}  // namespace nap::update
