// SPDX-License-Identifier: GPL-2.0-only
// nap create: writes down what a machine is made of, after checking it.
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/create.hpp"
#include "cli/machine_disk.hpp"
#include "cli/machines.hpp"
#include "cli/network_option.hpp"
#include "cli/print.hpp"
#include "cli/size.hpp"
#include "machine/definition/layout.hpp"
#include "machine/definition/user.hpp"
#include "machine/disk/disk.hpp"
#include "machine/qemu/cpu_models.hpp"
#include "supervisor/own_kernel.hpp"

namespace nap::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kNotKnownYet = "0";  // a version, so that all else can be checked

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
    config.partition = options.partition.value_or(0);
    config.address = options.address;
    config.gateway = options.gateway;
    config.init = options.init;
    if (!options.network.empty()) {
        NAP_TRY(auto network, parse_network(options.network));
        if (network.mac.empty())
            network.mac = options.mac.empty() ? machine::default_mac(options.name) : options.mac;
        config.network = network;
    }

    // What was said is checked before what it names is looked at.
    std::error_code error;
    config.disk = fs::absolute(options.disk, error);
    config.disk_format = "raw";
    config.kernel = options.kernel.empty() ? kNotKnownYet : options.kernel;
    NAP_CHECK(machine::config_from_json(machine::to_json(config)));
    NAP_CHECK(machine::check_cpu_model(config.cpu));
    NAP_CHECK(supervisor::check_socket_paths(context.paths.machine(config.name)));
    return config;
}

// The kernel it is to start with: the chosen one, or the newest of its own /boot.
Result<std::string> kernel_of(const Context& context, const CreateOptions& options, MachineDisk& disk) {
    auto kernels = supervisor::kernels_of(context.paths, options.name);
    if (!options.kernel.empty()) {
        NAP_TRY(const auto chosen, kernels.find(options.kernel));
        return chosen.version;
    }
    const auto say = [](const std::string& text) { std::fputs((one_line(text) + "\n").c_str(), stderr); };
    const auto take = [&]() -> Result<std::string> {
        NAP_TRY(const auto newest, kernel::MachineKernels::newest(*disk.system, ""));
        NAP_TRY(const auto taken, kernels.take(*disk.system, newest, options.name, "", say));
        return taken.version;
    };
    if (disk.system->was_interrupted())
        say("the file system of " + disk.path.string() +
            " was not unmounted in order: what only its journal has is not seen");
    auto taken = take();
    if (taken) return taken;
    auto error = taken.error().within("cannot take the kernel of " + disk.path.string());
    return fail(error.kind, error.message + "; --kernel V takes one of `nap kernel list`");
}

// Removes what a machine that could not be made has left, so that there is none.
class Unmade {
  public:
    explicit Unmade(fs::path state) : state_(std::move(state)) {}
    Unmade(const Unmade&) = delete;
    Unmade& operator=(const Unmade&) = delete;
    ~Unmade() {
        std::error_code ignored;
        if (!state_.empty()) fs::remove_all(state_, ignored);
    }
    void dismiss() { state_.clear(); }

  private:
    fs::path state_;
};

}  // namespace

Result<machine::Config> make_machine(const Context& context, const CreateOptions& options) {
    auto found = find_machine(context.paths, options.name);
    if (found) return fail(ErrorKind::refused, "there is a machine '" + options.name + "' already");
    if (found.error().kind != ErrorKind::not_found) return std::unexpected(found.error());
    NAP_TRY(auto config, config_of(context, options));
    NAP_TRY(auto disk, open_machine_disk(context, options));
    config.disk = disk.path;
    config.disk_format = disk.info.format;
    if (disk.system) config.partition = disk.system->root().number;

    auto paths = context.paths.machine(config.name);
    std::error_code error;
    fs::create_directories(context.paths.machines(), error);
    if (error) return fail_errno("cannot make " + context.paths.machines().string(), error.value());
    bool made = ::mkdir(paths.state.c_str(), 0700) == 0;
    if (!made && (errno != EEXIST || fs::exists(paths.config())))
        return fail_errno("cannot make " + paths.state.string());
    Unmade unmade(made ? paths.state : fs::path());
    NAP_TRY(config.kernel, kernel_of(context, options, disk));
    NAP_TRY(config, machine::config_from_json(machine::to_json(config)));
    NAP_CHECK(machine::save_config(paths.config(), config));
    unmade.dismiss();
    return config;
}

namespace {

Result<int> create(const Context& context, const CreateOptions& options) {
    NAP_TRY(const auto config, make_machine(context, options));
    const auto accelerator =
        machine::choose_accelerator(machine::user_of(context.paths.machine(config.name).state));
    if (context.json)
        print_json(machine::to_json(config));
    else
        fmt::print("{}\n",
                   accelerator_line(config.name, to_string(accelerator.accelerator), accelerator.reason));
    if (!context.json && options.kernel.empty())
        fmt::print("{}: kernel {}, of its own /boot\n", config.name, config.kernel);
    return 0;
}

}  // namespace

void add_machine_options(CLI::App& command, CreateOptions& options) {
    command
        .add_option("--kernel", options.kernel,
                    "Kernel to start with (`nap kernel list`; default: the newest in the disk's /boot)")
        ->check(not_empty());
    command
        .add_option("--kernel-memory", options.kernel_memory, "Memory for each kernel (default: by --memory)")
        ->check(not_empty());
    command
        .add_option("--cpu", options.cpu, "Processor model: host, or one of `qemu-system-x86_64 -cpu help`")
        ->capture_default_str()
        ->check(not_empty());
    command.add_option("--address", options.address, "Its address, such as 192.0.2.10/24")
        ->check(not_empty());
    command.add_option("--gateway", options.gateway, "Its default gateway")->check(not_empty());
    command.add_option("--init", options.init, "First program of its userland")->capture_default_str();
    command.add_option(
        "--partition", options.partition,
        "Partition of the root file system, 0: the whole disk (default: the one with the init)");
}

void add_create(Commands& commands) {
    auto& command = commands.add("create", "Create a machine",
                                 "nap create web1 --disk /srv/web1.qcow2 --memory 1G \\\n"
                                 "      --net tap=tap0 --address 192.0.2.10/24 --gateway 192.0.2.1");
    auto options = std::make_shared<CreateOptions>();
    command.add_option("NAME", options->name, "1 to 63 of a-z 0-9 . _ -")->required();
    command.add_option("--disk", options->disk, "Disk image, raw or qcow2")->required();
    command.add_option("--memory", options->memory, "Memory for what runs on it, such as 1G")->required();
    command.add_option("--cpus", options->cpus, "Number of CPUs")->capture_default_str();
    command.add_option("--net", options->network, "tap=IFNAME[,netns=NS][,mac=MAC]")->check(not_empty());
    add_machine_options(command, *options);
    commands.act(command, options, create);
}

}  // namespace nap::cli
