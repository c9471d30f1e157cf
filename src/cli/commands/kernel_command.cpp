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
    std::string version;
};

kernel::Store store_of(const Context& context) {
    return {context.paths.kernels(), context.paths.libexec};
}

Json facts(const kernel::Kernel& kernel) {
    return {{"version", kernel.version},
            {"source", kernel.source},
            {"vmlinuz", kernel.vmlinuz.string()},
            {"initramfs", kernel.initramfs.string()}};
}

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

Result<int> list(const Context& context, const Nothing&) {
    NAP_TRY(auto listing, store_of(context).list());
    if (context.json) {
        Json all = Json::array();
        for (const auto& kernel : listing.kernels) all.push_back(facts(kernel));
        print_json(all);
    } else {
        for (const auto& kernel : listing.kernels)
            fmt::print("{:<32} {}\n", kernel.version, one_line(kernel.source));
    }
    for (const auto& damaged : listing.damaged) print_problem(damaged.message);
    return listing.damaged.empty() ? 0 : 1;
}

// The machine starts with it, or its update is between it and another.
Result<> check_unused(const Paths& paths, const std::string& machine, const std::string& version) {
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
    for (const auto& name : names) NAP_CHECK(check_unused(context.paths, name, which.version));
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
    commands.act(removing, which, remove);
}

}  // namespace nap::cli
