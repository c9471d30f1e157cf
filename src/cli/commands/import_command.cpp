// SPDX-License-Identifier: GPL-2.0-only
// nap import: a machine of a libvirt guest's definition, or of a disk image.
#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <fstream>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "cli/create.hpp"
#include "cli/print.hpp"
#include "machine/definition/layout.hpp"
#include "machine/definition/libvirt_domain.hpp"

namespace nap::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostXml = 4 << 20, kFirstBytes = 256;
constexpr const char* kDefaultMemory = "1G";
constexpr std::string_view kNoNetwork = "none";

struct ImportOptions {
    std::string source;
    CreateOptions machine;
    int cpus = 0;
};

Result<bool> is_definition(const std::string& source) {
    std::error_code error;
    if (!fs::exists(source, error))
        return fail_errno("there is no " + source, error ? error.value() : ENOENT);
    if (!fs::is_regular_file(source, error)) return false;
    std::ifstream file(source, std::ios::binary);
    if (!file) return fail(ErrorKind::permission, "cannot read " + source);
    std::string head(kFirstBytes, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    return machine::is_xml(head);
}

// One disk so far: the others cannot be left out silently.
Result<std::string> disk_of(const machine::LibvirtDomain& domain) {
    if (domain.disks.empty())
        return fail(ErrorKind::refused,
                    "it has no disk that is a file or a device of the host's; --disk FILE gives one");
    if (domain.disks.size() == 1) return domain.disks.front();
    std::string all;
    for (const auto& disk : domain.disks) all += (all.empty() ? "" : ", ") + disk;
    return fail(ErrorKind::unsupported, "it has several disks (" + all +
                                            "), and Nap takes one so far: --disk FILE chooses it, the others "
                                            "are left out");
}

Result<> choose_network(const std::vector<std::string>& macs, CreateOptions& machine) {
    if (machine.network == kNoNetwork) {
        machine.network.clear();
    } else if (!macs.empty() && machine.network.empty()) {
        return fail(ErrorKind::usage,
                    "it has a network interface, " + macs.front() +
                        ": --net tap=IFNAME says where it goes (a tap on the host's bridge, "
                        "made if it is not there), --net none leaves it out");
    } else if (!macs.empty()) {
        machine.mac = macs.front();
    }
    return {};
}

std::string in_blocks(std::uint64_t bytes) {
    const auto blocks =
        std::max<std::uint64_t>(1, (bytes + machine::kMemoryBlock - 1) / machine::kMemoryBlock);
    return std::to_string(blocks * machine::kMemoryBlock / kMiB) + "M";
}

// What the definition says and no option does.
Result<std::vector<std::string>> adopt_definition(ImportOptions& options) {
    NAP_TRY(const auto xml, read_file(options.source, kMostXml));
    NAP_TRY(auto domain, machine::parse_libvirt_domain(xml));
    auto& machine = options.machine;
    if (machine.name.empty()) machine.name = machine::machine_name_from(domain.name);
    if (machine.memory.empty()) machine.memory = in_blocks(domain.memory);
    if (options.cpus == 0) options.cpus = domain.cpus;
    if (machine.disk.empty()) {
        NAP_TRY(machine.disk, disk_of(domain));
    }
    NAP_CHECK(choose_network(domain.macs, machine));
    if (domain.macs.size() > 1)
        domain.left_out.push_back(fmt::format("all network interfaces but {}", domain.macs.front()));
    return domain.left_out;
}

Result<std::vector<std::string>> adopt(ImportOptions& options) {
    NAP_TRY(const bool definition, is_definition(options.source));
    if (definition) {
        auto left_out = adopt_definition(options);
        if (!left_out) return std::unexpected(left_out.error().within("cannot import " + options.source));
        return left_out;
    }
    auto& machine = options.machine;
    if (!machine.disk.empty())
        return fail(ErrorKind::usage, "--disk is for a definition; this is a disk image");
    machine.disk = options.source;
    if (machine.name.empty())
        machine.name = machine::machine_name_from(fs::path(options.source).stem().string());
    if (machine.memory.empty()) machine.memory = kDefaultMemory;
    NAP_CHECK(choose_network({}, machine));
    return std::vector<std::string>{};
}

void print_made(const machine::Config& config) {
    fmt::print("machine {}: kernel {}, {} CPUs, {} of memory and {} for each kernel\n", config.name,
               config.kernel, config.cpus, size_text(config.memory), size_text(config.kernel_memory));
    fmt::print("disk {} ({}), its root file system on {}\n", config.disk, config.disk_format,
               config.partition == 0 ? "all of it" : "partition " + std::to_string(config.partition));
    if (config.network)
        fmt::print("network interface {} on {}{}\n", config.network->mac, config.network->tap,
                   config.address.empty() ? "" : ", " + config.address);
    fmt::print("nap start {}\n", config.name);
}

Result<int> import(const Context& context, const ImportOptions& given) {
    auto options = given;
    NAP_TRY(const auto left_out, adopt(options));
    options.machine.cpus = std::max(options.cpus, 1);
    if (options.machine.name.empty())
        return fail(ErrorKind::usage,
                    "no name for the machine follows from " + options.source + "; give --name");
    NAP_TRY(const auto config, make_machine(context, options.machine));
    for (const auto& what : left_out) print_problem("left out: " + one_line(what));
    if (context.json)
        print_json(machine::to_json(config));
    else
        print_made(config);
    return 0;
}

}  // namespace

void add_import(Commands& commands) {
    auto& command =
        commands.add("import", "Make a machine of a libvirt guest's definition, or of a disk image",
                     "virsh dumpxml web1 >web1.xml; nap import web1.xml --net tap=tap-web1\n"
                     "  nap import /srv/web1.img --memory 2G");
    auto options = std::make_shared<ImportOptions>();
    auto& machine = options->machine;
    command.add_option("SOURCE", options->source, "DOMAIN.xml (virsh dumpxml), or a disk image")->required();
    command.add_option("--name", machine.name, "Its name (default: the guest's, or the image's)")
        ->check(not_empty());
    command.add_option("--disk", machine.disk, "In place of the definition's disks")->check(not_empty());
    command
        .add_option("--memory", machine.memory, "Memory for what runs on it (default: the guest's, or 1G)")
        ->check(not_empty());
    command.add_option("--cpus", options->cpus, "Number of CPUs (default: the guest's, or 1)");
    command
        .add_option(
            "--net", machine.network,
            "tap=IFNAME[,netns=NS][,mac=MAC] (default MAC: the guest's first); none: without a network")
        ->check(not_empty());
    add_machine_options(command, machine);
    commands.act(command, options, import);
}

}  // namespace nap::cli
