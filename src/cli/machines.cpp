// SPDX-License-Identifier: GPL-2.0-only
#include "cli/machines.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace nap::cli {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Result<machine::Config> load_machine(const Paths& paths, const std::string& name) {
    auto path = paths.machine(name).config();
    std::error_code ignored;
    if (name.empty() || name.contains('/') || name.starts_with('.') || !fs::exists(path, ignored))
        return fail(ErrorKind::not_found,
                    "there is no machine '" + name + "'; `nap list` shows those there are");
    NAP_TRY(std::string text, read_file(path, 1 << 20));
    auto json = nlohmann::json::parse(text, nullptr, false);
    auto config = machine::config_from_json(json);
    // What `nap create` wrote was good: this is not the caller's mistake
    if (!config) return fail(ErrorKind::io, path.string() + " is damaged: " + config.error().message);
    return config;
}

std::vector<std::string> machine_names(const Paths& paths) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(paths.machines(), ignored))
        if (fs::exists(entry.path() / "machine.json", ignored)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

Result<std::unique_ptr<channel::Link>> connect_supervisor(const Paths& paths, const std::string& name) {
    NAP_CHECK(load_machine(paths, name));
    auto connection = channel::connect_unix(paths.machine(name).control_socket());
    if (!connection && connection.error().kind == ErrorKind::not_found)
        return fail(ErrorKind::refused,
                    "machine " + name + " does not run; `nap start " + name + "` starts it");
    if (!connection) return std::unexpected(connection.error().within("machine " + name));
    return std::make_unique<channel::Link>(std::move(*connection), channel::Handler{});
}

bool is_running(const Paths& paths, const std::string& name) {
    return channel::connect_unix(paths.machine(name).control_socket()).has_value();
}

Result<UniqueFd> hold_stopped(const Paths& paths, const std::string& name) {
    auto folder = paths.machine(name).run;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail_errno("cannot make " + folder.string(), error.value());
    NAP_TRY(UniqueFd lock, open_file(folder / "lock", O_RDWR | O_CREAT));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK)
        return fail(ErrorKind::refused, "machine " + name + " runs; `nap stop " + name + "` first");
    return fail_errno("cannot lock machine " + name);
}

Result<nlohmann::json> status_of(const Paths& paths, const std::string& name) {
    NAP_TRY(machine::Config config, load_machine(paths, name));
    auto link = connect_supervisor(paths, name);
    if (link) return (*link)->call("status", channel::Json::object(), 10s);
    if (link.error().kind != ErrorKind::refused) return std::unexpected(link.error());
    return nlohmann::json{{"name", config.name},     {"state", "stopped"},
                          {"kernel", config.kernel}, {"cpus", config.cpus},
                          {"memory", config.memory}, {"kernel_memory", config.kernel_memory},
                          {"disk", config.disk},     {"address", config.address}};
}

}  // namespace nap::cli
