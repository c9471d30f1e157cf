// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/module_calls.hpp"

#include "channel/tree.hpp"

namespace nap::update::agent {

namespace {

constexpr std::size_t kMostModules = 4096;

}  // namespace

Result<std::vector<LoadedModule>> loaded_modules(channel::Link& agent, Milliseconds limit) {
    NAP_TRY(const Json answer, agent.call("modules", Json::object(), limit));
    const auto listed = answer.is_object() ? answer.find("modules") : answer.end();
    if (listed == answer.end() || !listed->is_array() || listed->size() > kMostModules)
        return fail(ErrorKind::protocol, "the agent's answer to modules is not understood");
    std::vector<LoadedModule> modules;
    for (const Json& module : *listed) {
        const auto* name = channel::text_in(module, "name");
        if (name == nullptr)
            return fail(ErrorKind::protocol, "the agent's answer to modules names a module without a name");
        const auto foreign = module.find("foreign");
        const auto parameters = module.find("parameters");
        modules.push_back({*name, foreign != module.end() && *foreign == true,
                           parameters != module.end() ? *parameters : Json::object()});
    }
    return modules;
}

Result<std::vector<std::string>> load_modules(channel::Link& agent, const std::filesystem::path& folder,
                                              const std::vector<ModuleFile>& modules, Milliseconds limit) {
    Json list = Json::array();
    for (const auto& [file, name, parameters] : modules)
        list.push_back({{"file", file}, {"name", name}, {"parameters", parameters}});
    NAP_TRY(auto call, agent.start("load_modules", {{"modules", std::move(list)}}));
    NAP_CHECK(
        channel::send_tree(folder, [&](std::span<const std::byte> bytes) { return call->send(bytes); }));
    NAP_CHECK(call->send_end());
    NAP_TRY(const Json answer, call->finish(limit));
    std::vector<std::string> warnings;
    if (const auto told = answer.find("warnings"); told != answer.end() && told->is_array())
        for (const Json& warning : *told)
            if (warning.is_string()) warnings.push_back(warning.get<std::string>());
    return warnings;
}

}  // namespace nap::update::agent
