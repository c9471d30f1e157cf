// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/boot.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <ctime>

#include "base/number.hpp"
#include "machine/memory_file.hpp"
#include "machine/qemu/qemu_process.hpp"
#include "supervisor/history.hpp"
#include "supervisor/last_end.hpp"
#include "supervisor/lock.hpp"
#include "supervisor/own_kernel.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/recovery/journal.hpp"
#include "update/recovery/recover.hpp"
#include "update/recovery/unsettled.hpp"

namespace nap::supervisor {

namespace {

namespace fs = std::filesystem;
using channel::Json;
constexpr std::chrono::milliseconds kBootLimit{300'000}, kCallLimit{60'000};

Result<> make_folder(const fs::path& path) {
    std::error_code failure;
    fs::create_directories(path, failure);
    if (!failure) fs::permissions(path, fs::perms::owner_all, failure);
    if (failure)
        return fail(ErrorKind::io, "cannot make the folder " + path.string() + ": " + failure.message());
    return {};
}

Result<machine::Config> load_config(const machine::MachinePaths& paths, const std::string& name) {
    if (!fs::exists(paths.config())) return fail(ErrorKind::not_found, "there is no machine named " + name);
    NAP_TRY(std::string text, read_file(paths.config(), 1 << 20));
    Json json = Json::parse(text, nullptr, false);
    auto config = machine::config_from_json(json);
    if (!config) return std::unexpected(config.error().within(paths.config().string()));
    return config;
}

// Files of a machine that did not end in order: with the lock held and no generation alive they belong to
// nobody.
void remove_leftovers(const machine::MachinePaths& paths) {
    std::error_code ignored;
    for (const auto& folder : {paths.memory, paths.run})
        for (const auto& entry : fs::directory_iterator(folder, ignored))
            if (entry.path().filename() != "lock") fs::remove_all(entry.path(), ignored);
}

Result<> start_generation(update::RunningMachine& machine) {
    NAP_CHECK(machine::refuse_used_by_host(machine.config.disk));
    NAP_CHECK(make_folder(machine.paths.generation(machine.number)));
    NAP_CHECK(
        machine::check_room(machine.paths.memory, machine.layout.user_memory + machine.layout.kernel_memory));
    NAP_CHECK(machine::create_memory_file(machine.paths.user_memory(), machine.layout.user_memory,
                                          machine.credentials.user));
    NAP_CHECK(machine::create_memory_file(machine.paths.kernel_memory(machine.number),
                                          machine.layout.kernel_memory, machine.credentials.user));
    if (machine.config.network) {
        NAP_TRY(machine::TapQueue tap,
                machine::TapQueue::open(machine.config.network->tap, machine.config.network->netns, true));
        machine.tap = std::move(tap);
    }
    auto spec = machine.spec(machine.kernel, machine.number, false);
    NAP_TRY(machine.generation,
            machine::Generation::start(spec, machine.tap ? &*machine.tap : nullptr, {}, kBootLimit));
    return {};
}

Result<> start_userland(update::RunningMachine& machine) {
    auto& agent = machine.generation->agent();
    NAP_CHECK(update::agent::network(agent, machine.config, kCallLimit));
    NAP_CHECK(
        update::agent::done(agent.call("mount", {{"partition", machine.config.partition}}, kCallLimit)));
    NAP_TRY(Json started,
            agent.call("start_userland", {{"init", machine.config.init}, {"hostname", machine.config.name}},
                       kCallLimit));
    NAP_TRY(machine.init_host_pid, update::agent::process_id(started, "host_pid", "start_userland"));
    return {};
}

// A machine with its locks held, nothing of it started.
Result<Booted> hold(const Paths& paths, const std::string& name) {
    Booted held;
    held.machine = std::make_unique<update::RunningMachine>();
    auto& machine = *held.machine;
    machine.paths = paths.machine(name);
    NAP_TRY(machine.config, load_config(machine.paths, name));
    NAP_CHECK(make_folder(machine.paths.run));
    NAP_CHECK(make_folder(machine.paths.memory));
    NAP_TRY(auto lock, try_lock(machine.paths));
    if (!lock) return fail(ErrorKind::busy, "machine " + name + " runs already");
    held.held.machine = std::move(*lock);
    NAP_TRY(held.held.disk, machine::lock_disk(machine.config.disk));
    NAP_TRY(machine.disk, machine::inspect_disk(machine.config.disk, machine.config.disk_format));
    NAP_TRY(machine.layout, machine::lay_out(machine.config.memory, machine.config.kernel_memory));
    const char* testing = std::getenv("NAP_TESTING");
    machine.testing = testing != nullptr && std::string_view(testing) == "1";
    machine.accelerator = machine::choose_accelerator(machine::user_of(machine.paths.state));
    return held;
}

// A generation that ended while no supervisor was there has left its folder.
void keep_unseen_end(const update::RunningMachine& machine) {
    if (kept_end(machine.paths)) return;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(machine.paths.run, none)) {
        const auto folder = entry.path().filename().string();
        constexpr auto kPrefix = machine::MachinePaths::kGeneration;
        if (!folder.starts_with(kPrefix)) continue;
        auto spec = machine.spec({}, parse_number<int>(folder.substr(kPrefix.size())).value_or(0), false);
        spec.kernel_version = machine.config.kernel;
        return keep_end(machine.paths, machine::end_unseen(spec));
    }
}

// True: the machine runs.
Result<bool> recover(const Paths& paths, update::RunningMachine& machine) {
    NAP_TRY(auto recovered, update::recover(machine, kernels_of(paths, machine.config.name)));
    if (recovered.report)
        (void)keep_in_history(machine.paths.history(), *recovered.report, std::time(nullptr));
    if (!recovered.runs) {
        keep_unseen_end(machine);
        remove_leftovers(machine.paths);
    }
    return recovered.runs;
}

}  // namespace

Result<Booted> take_over(const Paths& paths, const std::string& name) {
    NAP_TRY(Booted held, hold(paths, name));
    NAP_TRY(bool runs, recover(paths, *held.machine));
    if (!runs) held.machine.reset();
    return held;
}

Result<Booted> boot(const Paths& paths, const std::string& name) {
    NAP_TRY(Booted booted, hold(paths, name));
    auto& machine = *booted.machine;
    NAP_TRY(bool runs, recover(paths, machine));
    if (runs) return booted;
    NAP_TRY(machine.credentials,
            machine::credentials_of(machine.paths.state, machine.accelerator.accelerator));
    NAP_TRY(machine.kernel,
            kernels_of(paths, name).refresh(machine.config.kernel, [](const std::string& text) {
                spdlog::info("{}", text);
            }));
    NAP_CHECK(update::forget_journal(machine.paths.journal()));
    machine.number = 1;
    spdlog::info("starting {} on kernel {} ({})", name, machine.kernel.version, machine.accelerator.reason);

    Result<> started = start_generation(machine);
    if (started) started = start_userland(machine);
    if (!started) {
        machine.generation.reset();
        remove_leftovers(machine.paths);
        return std::unexpected(started.error());
    }
    forget_end(machine.paths);
    return booted;
}

Result<> shut_down(update::RunningMachine& machine) {
    Result<> ended;
    if (machine.generation->process().running())
        ended = update::agent::done(
            machine.generation->agent().call("shut_down", Json::object(), std::chrono::minutes(2)));
    machine.generation->end();
    machine.generation.reset();
    machine.tap.reset();
    if (auto settled = update::settle_without_guest(machine); !settled && ended) ended = settled;
    remove_leftovers(machine.paths);
    return ended;
}

}  // namespace nap::supervisor
