// SPDX-License-Identifier: GPL-2.0-only
#include "cli/machines.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/print.hpp"
#include "cli/supervisor_process.hpp"
#include "machine/definition/user.hpp"
#include "machine/qemu/found_generations.hpp"
#include "supervisor/last_end.hpp"
#include "supervisor/lock.hpp"

namespace nap::cli {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// Who may not look has not seen that there is nothing.
Result<bool> is_there(const fs::path& path) {
    std::error_code error;
    const bool found = fs::exists(path, error);
    if (error) return fail_errno("cannot read " + path.string(), error.value());
    return found;
}

}  // namespace

Result<> find_machine(const Paths& paths, const std::string& name) {
    const bool is_name = !name.empty() && !name.contains('/') && !name.starts_with('.');
    NAP_TRY(bool found, is_name ? is_there(paths.machine(name).config()) : Result<bool>(false));
    if (!found)
        return fail(ErrorKind::not_found,
                    "there is no machine '" + name + "'; `nap list` shows those there are");
    return {};
}

Result<machine::Config> load_machine(const Paths& paths, const std::string& name) {
    NAP_CHECK(find_machine(paths, name));
    auto path = paths.machine(name).config();
    NAP_TRY(std::string text, read_file(path, 1 << 20));
    auto json = nlohmann::json::parse(text, nullptr, false);
    auto config = machine::config_from_json(json);
    // What `nap create` wrote was good: this is not the caller's mistake
    if (!config) return fail(ErrorKind::io, path.string() + " is damaged: " + config.error().message);
    return config;
}

Result<std::vector<std::string>> machine_names(const Paths& paths) {
    NAP_TRY(bool any, is_there(paths.machines()));
    std::vector<std::string> names;
    if (!any) return names;
    std::error_code error;
    for (fs::directory_iterator entry(paths.machines(), error), end; !error && entry != end;
         entry.increment(error)) {
        NAP_TRY(bool machine, is_there(entry->path() / "machine.json"));
        if (machine) names.push_back(entry->path().filename());
    }
    if (error) return fail_errno("cannot read " + paths.machines().string(), error.value());
    std::ranges::sort(names);
    return names;
}

namespace {

// Something of a running machine is there.
bool has_run(const Context& context, const std::string& name) {
    std::error_code ignored;
    auto entries = fs::directory_iterator(context.paths.machine(name).run, ignored);
    return std::any_of(begin(entries), end(entries),
                       [](const auto& entry) { return entry.path().filename() != "lock"; });
}

// The machine's lock; nobody's if a supervisor holds it. Where a supervisor died, a successor recovers the
// machine first, and holds it if it runs again.
Result<std::optional<UniqueFd>> lock_or_recover(const Context& context, const std::string& name) {
    NAP_TRY(auto lock, supervisor::try_lock(context.paths.machine(name)));
    if (!lock || !has_run(context, name)) return lock;
    lock->reset();
    std::fputs(("nap: the supervisor of " + name + " died; recovering the machine\n").c_str(), stderr);
    NAP_CHECK(start_supervisor(context, name, true));
    return supervisor::try_lock(context.paths.machine(name));
}

// A link to a supervisor that answers. One that was killed a moment ago may still be connected to.
Result<std::unique_ptr<channel::Link>> connect(const Context& context, const std::string& name) {
    const auto paths = context.paths.machine(name);
    if (!supervisor::check_socket_paths(paths))
        return fail(ErrorKind::not_found, name + " cannot have a supervisor: its socket's path is too long");
    NAP_TRY(auto connection, channel::connect_unix(paths.control_socket()));
    auto link = std::make_unique<channel::Link>(std::move(connection), channel::Handler{});
    auto answered = link->call("status", channel::Json::object(), 10s);
    if (answered) return link;
    if (answered.error().kind == ErrorKind::io)
        return fail(ErrorKind::not_found, "the supervisor of " + name + " is gone");
    return std::unexpected(answered.error());
}

}  // namespace

Result<std::unique_ptr<channel::Link>> connect_supervisor(const Context& context, const std::string& name) {
    NAP_CHECK(find_machine(context.paths, name));
    // A supervisor holds the lock a little before it can be reached, and a little after it died.
    const auto end = std::chrono::steady_clock::now() + 2s;
    for (;; std::this_thread::sleep_for(50ms)) {
        auto link = connect(context, name);
        if (link || link.error().kind != ErrorKind::not_found) return link;
        NAP_TRY(auto lock, lock_or_recover(context, name));
        if (lock) break;
        if (std::chrono::steady_clock::now() > end)
            return fail(ErrorKind::busy, "machine " + name + " is being started or recovered");
    }
    const auto last = supervisor::kept_end(context.paths.machine(name));
    const auto why = last ? ": " + text_at(*last, "how") + " (`nap status " + name + "` tells more)" : "";
    return fail(ErrorKind::refused,
                "machine " + name + " does not run" + why + "; `nap start " + name + "` starts it");
}

bool is_running(const Context& context, const std::string& name) {
    return connect(context, name).has_value();
}

Result<UniqueFd> hold_stopped(const Context& context, const std::string& name) {
    const bool damaged = !load_machine(context.paths, name);
    const auto paths = context.paths.machine(name);
    NAP_TRY(auto lock, damaged ? supervisor::try_lock(paths) : lock_or_recover(context, name));
    if (!lock) return fail(ErrorKind::refused, "machine " + name + " runs; `nap stop " + name + "` first");
    if (!damaged) return std::move(*lock);
    // Nobody can take over what a supervisor that died has left of it
    NAP_TRY(auto alive, machine::find_generations(name, paths));
    if (alive.empty()) return std::move(*lock);
    return fail(ErrorKind::refused, "machine " + name + " is damaged, but its QEMU, process " +
                                        std::to_string(alive.begin()->second.pid) +
                                        ", still runs: end that first");
}

Result<nlohmann::json> status_of(const Context& context, const std::string& name) {
    NAP_TRY(machine::Config config, load_machine(context.paths, name));
    auto link = connect_supervisor(context, name);
    if (link) return (*link)->call("status", channel::Json::object(), 10s);
    bool busy = link.error().kind == ErrorKind::busy;
    if (!busy && link.error().kind != ErrorKind::refused) return std::unexpected(link.error());
    nlohmann::json facts = {{"name", config.name},
                            {"state", busy ? "starting" : "stopped"},
                            {"kernel", config.kernel},
                            {"cpus", config.cpus},
                            {"cpu", config.cpu},
                            {"memory", config.memory},
                            {"kernel_memory", config.kernel_memory},
                            {"disk", config.disk},
                            {"address", config.address}};
    const auto accelerator = machine::choose_accelerator(machine::user_of(context.paths.machine(name).state));
    facts["accelerator"] = to_string(accelerator.accelerator);
    facts["accelerator_reason"] = accelerator.reason;
    if (auto end = supervisor::kept_end(context.paths.machine(name)); end && !busy)
        facts["ended"] = *std::move(end);
    return facts;
}

}  // namespace nap::cli
