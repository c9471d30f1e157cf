// SPDX-License-Identifier: GPL-2.0-only
#include "agent/modules/load.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/calls/files.hpp"
#include "agent/calls/paths.hpp"
#include "agent/machine/boot.hpp"
#include "agent/modules/loaded.hpp"
#include "channel/tree.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Call;
using channel::Json;

namespace {

// The kernel's own quoting: "name=value", the whole in quotation marks where there are spaces.
std::string argument(const std::string& name, const std::string& value) {
    const std::string set = name + "=" + value;
    return set.find(' ') == std::string::npos ? set : '"' + set + '"';
}

// Values that a load without arguments would not give: the kernel's defaults may be others now.
std::string differing(const Json& wanted, const Json& now) {
    std::string arguments;
    for (const auto& [name, value] : wanted.items()) {
        const auto found = now.find(name);
        if (found == now.end() || *found == value) continue;
        arguments += (arguments.empty() ? "" : " ") + argument(name, value.get<std::string>());
    }
    return arguments;
}

// What it was loaded with is not told, but by the values it has: where they differ, it is loaded again.
Result<> load(const fs::path& file, const std::string& name, const Json& parameters) {
    NAP_CHECK(load_module(file, ""));
    const std::string arguments = differing(parameters, fixed_parameters(name));
    if (arguments.empty()) return {};
    if (::syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) != 0)
        return fail_errno("cannot load the module " + name + " again, with " + arguments);
    return load_module(file, arguments);
}

}  // namespace

Result<Json> modules(Agent&, const Json&, Call&) {
    Json all = Json::array();
    for (const auto& [name, foreign] : loaded_modules())
        all.push_back({{"name", name}, {"foreign", foreign}, {"parameters", fixed_parameters(name)}});
    return Json{{"modules", std::move(all)}};
}

Result<Json> load_modules(Agent& agent, const Json& params, Call& call) {
    const std::lock_guard lock(agent.lifecycle);
    const fs::path folder = fs::path(kRunDirectory) / "modules";
    std::error_code error;
    fs::remove_all(folder, error);
    fs::create_directories(folder, error);
    channel::TreeReceiver receiver(folder, {.symlinks = false}, "");
    NAP_CHECK(receive_tree(call, receiver));
    Json warnings = Json::array();
    for (const Json& module : params.value("modules", Json::array())) {
        const auto name = module.value("name", "");
        agent.modules_brought.push_back(name);
        if (auto done =
                load(folder / module.value("file", ""), name, module.value("parameters", Json::object()));
            !done)
            warnings.push_back("the kernel module " + name + " is not as it was: " + done.error().message);
    }
    fs::remove_all(folder, error);
    return Json{{"warnings", std::move(warnings)}};
}

}  // namespace nap::agent
