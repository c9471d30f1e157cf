// SPDX-License-Identifier: GPL-2.0-only
// nap kernel add | list | rm: the kernel store.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/print.hpp"
#include "kernel/store.hpp"
#include "update/recovery/journal.hpp"

namespace nap::cli {

namespace {

struct AddOptions {
    std::vector<std::string> packages;
    std::string vmlinuz, modules, headers;
};
struct Nothing {};
struct Version {
    std::string version, machine;  // machine: of its own ones
};

kernel::Store store_of(const Context& context) {
    return {context.paths.kernels(), context.paths.libexec};
}

// Taken from its own /boot.
kernel::Store store_of(const Context& context, const std::string& machine) {
    return {context.paths.machine(machine).kernels(), context.paths.libexec};
}

Json facts(const kernel::Kernel& kernel) {
    return {{"version", kernel.version},
            {"source", kernel.source},
            {"vmlinuz", kernel.vmlinuz.string()},
            {"initramfs", kernel.initramfs.string()}};
}

// Whose own it is; nobody's: the host's.
struct Listed {
    kernel::Kernel kernel;
    std::string machine;
    std::vector<std::string> used_by;  // machines
};

Result<kernel::Kernel> add_packages(kernel::Store& store, const std::vector<std::string>& packages,
                                    const kernel::Progress& progress) {
    if (packages.empty())
        return fail(ErrorKind::usage, "kernel add needs a package, .deb files, or --vmlinuz and --modules");
    auto files = std::ranges::count_if(packages, [](const auto& name) { return name.ends_with(".deb"); });
    if (files == static_cast<std::ptrdiff_t>(packages.size()))
        return store.add_debs({packages.begin(), packages.end()}, progress);
    if (files > 0) return fail(ErrorKind::usage, "kernel add takes a package or .deb files, not both");
    if (packages.size() > 1)
        return fail(ErrorKind::usage, "kernel add takes one package; or .deb files, image and headers");
    return store.add_package(packages.front(), progress);
}

Result<kernel::Kernel> add_to(kernel::Store& store, const AddOptions& options,
                              const kernel::Progress& progress) {
    const bool vmlinuz = !options.vmlinuz.empty(), modules = !options.modules.empty();
    if (!vmlinuz && !modules && options.headers.empty())
        return add_packages(store, options.packages, progress);
    if (!options.packages.empty())
        return fail(ErrorKind::usage, "kernel add takes --vmlinuz, --modules and --headers without packages");
    if (!vmlinuz || !modules)
        return fail(ErrorKind::usage, "kernel add takes --vmlinuz and --modules together");
    return store.add_files(options.vmlinuz, options.modules, options.headers, progress);
}

Result<int> add(const Context& context, const AddOptions& options) {
    auto store = store_of(context);
    NAP_TRY(kernel::Kernel kernel, add_to(store, options, [](const std::string& step) {
                std::fputs((one_line(step) + "\n").c_str(), stderr);
            }));
    if (context.json)
        print_json(facts(kernel));
    else
        fmt::print("kernel {} is ready\n", kernel.version);
    return 0;
}

struct All {
    std::vector<Listed> kernels;
    std::vector<Error> damaged;
};

// The host's, then each machine's own.
Result<All> all_kernels(const Context& context) {
    NAP_TRY(auto shared, store_of(context).list());
    NAP_TRY(const auto machines, machine_names(context.paths));
    All all{.kernels = {}, .damaged = std::move(shared.damaged)};
    for (auto& kernel : shared.kernels) all.kernels.push_back({std::move(kernel), "", {}});
    const auto hosts = all.kernels.size();
    for (const auto& name : machines) {
        const auto config = load_machine(context.paths, name);
        const std::string runs = config ? config->kernel : "";
        auto own = store_of(context, name).list();
        if (!own) {
            all.damaged.push_back(own.error());
            continue;
        }
        std::ranges::move(own->damaged, std::back_inserter(all.damaged));
        bool found = false;
        for (auto& kernel : own->kernels) {
            const bool used = kernel.version == runs;
            found = found || used;
            all.kernels.push_back(
                {std::move(kernel), name, used ? std::vector{name} : std::vector<std::string>{}});
        }
        for (std::size_t i = 0; i < hosts && !found; ++i)
            if (all.kernels[i].kernel.version == runs) all.kernels[i].used_by.push_back(name);
    }
    return all;
}

Result<int> list(const Context& context, const Nothing&) {
    NAP_TRY(const auto all, all_kernels(context));
    Json json = Json::array();
    for (const auto& [kernel, machine, used_by] : all.kernels) {
        json.push_back(facts(kernel));
        if (!machine.empty()) json.back()["machine"] = machine;
        json.back()["used_by"] = used_by;
        std::string users;
        for (const auto& name : used_by) users += (users.empty() ? "; runs " : ", ") + name;
        if (!context.json) fmt::print("{:<32} {}{}\n", kernel.version, one_line(kernel.source), users);
    }
    if (context.json) print_json(json);
    for (const auto& damaged : all.damaged) print_problem(damaged.message);
    return all.damaged.empty() ? 0 : 1;
}

// The machine starts with it, or its update is between it and another.
Result<> check_unused(const Context& context, const std::string& machine, const std::string& version,
                      bool own) {
    const auto& paths = context.paths;
    // The one of its own is found first
    if (!own && store_of(context, machine).find(version)) return {};
    auto used = [&](const std::string& as) {
        return fail(ErrorKind::refused, "kernel " + version + " is the one machine " + machine + as);
    };
    if (auto config = load_machine(paths, machine); config && config->kernel == version) return used(" runs");
    NAP_TRY(auto journal, update::read_journal(paths.machine(machine).journal()));
    if (journal.empty() || update::is_final(journal.back().step)) return {};
    const auto& begun = journal.front().facts;
    if (text_at(begun, "newer_kernel") == version) return used(" is being updated to");
    if (text_at(begun, "older_kernel") == version) return used(" is being updated from");
    return {};
}

Result<int> remove(const Context& context, const Version& which) {
    NAP_TRY(auto names, machine_names(context.paths));
    if (!which.machine.empty()) {
        NAP_CHECK(find_machine(context.paths, which.machine));
        NAP_CHECK(check_unused(context, which.machine, which.version, true));
        NAP_CHECK(store_of(context, which.machine).remove(which.version));
        return 0;
    }
    for (const auto& name : names) NAP_CHECK(check_unused(context, name, which.version, false));
    NAP_CHECK(store_of(context).remove(which.version));
    return 0;
}

}  // namespace

void add_kernel(Commands& commands) {
    auto& group = commands.add("kernel", "Add, list and remove kernels", "nap kernel list");
    group.require_subcommand(1);

    auto& adding = commands.add(group, "add", "Make a stock kernel ready to run machines",
                                "nap kernel add linux-image-cloud-amd64");
    auto options = std::make_shared<AddOptions>();
    adding.add_option("PACKAGE", options->packages, "A Debian package, or .deb files (image and headers)");
    adding.add_option("--vmlinuz", options->vmlinuz, "A kernel image")->check(CLI::ExistingFile);
    adding.add_option("--modules", options->modules, "Its lib/modules/VERSION")
        ->check(CLI::ExistingDirectory);
    adding.add_option("--headers", options->headers, "Its build directory")->check(CLI::ExistingDirectory);
    commands.act(adding, options, add);

    auto& listing = commands.add(group, "list", "List the kernels there are", "nap kernel list");
    commands.act(listing, std::make_shared<Nothing>(), list);

    auto& removing = commands.add(group, "rm", "Remove a kernel that no machine runs or is being updated to",
                                  "nap kernel rm 6.1.0-47-cloud-amd64");
    auto which = std::make_shared<Version>();
    removing.add_option("VERSION", which->version, "As `nap kernel list` shows it")->required();
    removing.add_option("--machine", which->machine, "Of those taken from this machine's own /boot");
    commands.act(removing, which, remove);
}

}  // namespace nap::cli
