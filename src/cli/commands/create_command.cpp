// SPDX-License-Identifier: GPL-2.0-only
// nap create: writes down what a machine is made of, after checking it.
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/network_option.hpp"
#include "cli/print.hpp"
#include "cli/size.hpp"
#include "kernel/store.hpp"
#include "machine/definition/layout.hpp"
#include "machine/definition/user.hpp"
#include "machine/disk/disk.hpp"
#include "machine/qemu/cpu_models.hpp"

namespace nap::cli {

namespace {

namespace fs = std::filesystem;

struct CreateOptions {
    std::string name, disk, kernel, memory, kernel_memory, network, address, gateway;
    std::string init = "/sbin/init", cpu = machine::kHostCpu;
    int cpus = 1, partition = 0;
};

Result<machine::MemoryLayout> layout_of(const CreateOptions& options) {
    NAP_TRY(std::uint64_t memory, parse_size("--memory", options.memory));
    std::optional<std::uint64_t> kernel_memory;
    if (!options.kernel_memory.empty()) {
        NAP_TRY(kernel_memory, parse_size("--kernel-memory", options.kernel_memory));
    }
    return machine::lay_out(memory, kernel_memory);
}

Result<machine::Config> config_of(const Context& context, const CreateOptions& options) {
    machine::Config config;
    config.name = options.name;
    NAP_TRY(auto layout, layout_of(options));
    config.memory = layout.user_memory;
    config.kernel_memory = layout.kernel_memory;
    config.cpus = options.cpus;
    config.cpu = options.cpu;
    config.partition = options.partition;
    config.address = options.address;
    config.gateway = options.gateway;
    config.init = options.init;
    if (!options.network.empty()) {
        NAP_TRY(auto network, parse_network(options.network));
        if (network.mac.empty()) network.mac = machine::default_mac(options.name);
        config.network = network;
    }

    // What was said is checked before what it names is looked at.
    std::error_code error;
    config.disk = fs::absolute(options.disk, error);
    config.disk_format = "raw";
    config.kernel = options.kernel;
    NAP_CHECK(machine::config_from_json(machine::to_json(config)));
    NAP_CHECK(machine::check_cpu_model(config.cpu));
    NAP_CHECK(supervisor::check_socket_paths(context.paths.machine(config.name)));

    auto disk = fs::canonical(options.disk, error);
    if (error) return fail_errno("there is no disk image " + options.disk, error.value());
    config.disk = disk;
    NAP_TRY(auto info, machine::inspect_disk(disk, ""));
    config.disk_format = info.format;
    NAP_TRY(auto kernel, kernel::Store(context.paths.kernels(), context.paths.libexec).find(options.kernel));
    config.kernel = kernel.version;
    return machine::config_from_json(machine::to_json(config));
}

Result<int> create(const Context& context, const CreateOptions& options) {
    auto found = find_machine(context.paths, options.name);
    if (found) return fail(ErrorKind::refused, "there is a machine '" + options.name + "' already");
    if (found.error().kind != ErrorKind::not_found) return std::unexpected(found.error());
    NAP_TRY(auto config, config_of(context, options));

    auto paths = context.paths.machine(config.name);
    std::error_code error;
    fs::create_directories(context.paths.machines(), error);
    if (error) return fail_errno("cannot make " + context.paths.machines().string(), error.value());
    bool made = ::mkdir(paths.state.c_str(), 0700) == 0;
    if (!made && (errno != EEXIST || fs::exists(paths.config())))
        return fail_errno("cannot make " + paths.state.string());
    NAP_CHECK(machine::save_config(paths.config(), config));
    const auto accelerator = machine::choose_accelerator(machine::user_of(paths.state));
    if (context.json)
        print_json(machine::to_json(config));
    else
        fmt::print("{}\n",
                   accelerator_line(config.name, to_string(accelerator.accelerator), accelerator.reason));
    return 0;
}

}  // namespace

void add_create(Commands& commands) {
    auto& command =
        commands.add("create", "Create a machine",
                     "nap create web1 --disk /srv/web1.qcow2 --partition 1 --memory 1G \\\n"
                     "      --kernel 6.1.0-47-cloud-amd64 --net tap=tap0 --address 192.0.2.10/24 --gateway "
                     "192.0.2.1");
    auto options = std::make_shared<CreateOptions>();
    command.add_option("NAME", options->name, "1 to 63 of a-z 0-9 . _ -")->required();
    command.add_option("--disk", options->disk, "Disk image, raw or qcow2")->required();
    command.add_option("--kernel", options->kernel, "Kernel to start with (`nap kernel list`)")->required();
    command.add_option("--memory", options->memory, "Memory for what runs on it, such as 1G")->required();
    command
        .add_option("--kernel-memory", options->kernel_memory,
                    "Memory for each kernel (default: by --memory)")
        ->check(not_empty());
    command.add_option("--cpus", options->cpus, "Number of CPUs")->capture_default_str();
    command
        .add_option("--cpu", options->cpu, "Processor model: host, or one of `qemu-system-x86_64 -cpu help`")
        ->capture_default_str()
        ->check(not_empty());
    command.add_option("--net", options->network, "tap=IFNAME[,netns=NS][,mac=MAC]")->check(not_empty());
    command.add_option("--address", options->address, "Its address, such as 192.0.2.10/24")
        ->check(not_empty());
    command.add_option("--gateway", options->gateway, "Its default gateway")->check(not_empty());
    command.add_option("--init", options->init, "First program of its userland")->capture_default_str();
    command.add_option("--partition", options->partition, "Partition of the root file system; 0: whole disk")
        ->capture_default_str();
    commands.act(command, options, create);
}

}  // namespace nap::cli
