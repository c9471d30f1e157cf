// SPDX-License-Identifier: GPL-2.0-only
#include "cli/machine_disk.hpp"

#include "cli/machines.hpp"
#include "cli/print.hpp"

namespace nap::cli {

namespace {

namespace fs = std::filesystem;

// Each would write over what the other has written.
Result<> refuse_if_of_another(const Paths& paths, const fs::path& disk) {
    NAP_TRY(const auto names, machine_names(paths));
    for (const auto& name : names) {
        const auto config = load_machine(paths, name);
        std::error_code error;
        if (config && fs::equivalent(config->disk, disk, error))
            return fail(ErrorKind::refused, "the disk image " + disk.string() + " is that of machine " +
                                                name +
                                                "; two machines cannot share a disk: give this one a copy");
    }
    return {};
}

void warn_of_missing(const volume::System& system) {
    for (const auto& mount : system.missing())
        print_problem(
            "warning: its fstab has " + mount.at + " on " + mount.from +
            ", which the machine will not have: its boot waits for that disk, and may fail; the option "
            "nofail there, or no such line, avoids it (inside, the disk is /dev/vda)");
}

}  // namespace

Result<MachineDisk> open_machine_disk(const Context& context, const CreateOptions& options) {
    MachineDisk disk;
    std::error_code error;
    disk.path = fs::canonical(options.disk, error);
    if (error) return fail_errno("there is no disk image " + options.disk, error.value());
    NAP_TRY(disk.info, machine::inspect_disk(disk.path, ""));
    NAP_CHECK(refuse_if_of_another(context.paths, disk.path));
    NAP_CHECK(machine::refuse_used_by_host(disk.path));
    NAP_TRY(disk.lock, machine::lock_disk(disk.path));

    const auto what = "cannot make a machine of the disk image " + disk.path.string();
    auto image = volume::Image::open(disk.path, disk.info.format);
    if (!image) return std::unexpected(image.error().within(what));
    auto system = volume::System::find(*std::move(image), options.partition, options.init);
    if (system) {
        warn_of_missing(*system);
        disk.system = *std::move(system);
        return disk;
    }
    if (system.error().kind != ErrorKind::unsupported) return std::unexpected(system.error().within(what));
    if (options.kernel.empty())
        return fail(ErrorKind::unsupported,
                    what + ": " + system.error().message + "; --kernel and --partition say what it does not");
    return disk;
}

}  // namespace nap::cli
