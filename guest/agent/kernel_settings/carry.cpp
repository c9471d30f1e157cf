// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/carry.hpp"

#include <algorithm>
#include <set>

#include "agent/calls/agent.hpp"
#include "agent/carried/firewall.hpp"
#include "agent/carried/network.hpp"
#include "agent/kernel_settings/files.hpp"
#include "agent/kernel_settings/put.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

using Reasons = std::map<std::string, std::string>;

Result<Values> read_within(const Task& init, const std::vector<std::string>& paths) {
    NAP_TRY(const Json read,
            within_machine(init, [&]() -> Result<Json> { return Json(read_values(paths)); }));
    return values_from(read);
}

Result<Reasons> put_within(const std::optional<Task>& init, const Values& wanted) {
    NAP_TRY(const Json refused, within_machine(init, [&]() -> Result<Json> {
                return Json(put_values(wanted, kernel_access()));
            }));
    return values_from(refused);
}

bool of_link(std::string_view path) {
    return path.find("/conf/") != std::string_view::npos || path.find("/neigh/") != std::string_view::npos;
}

// A module that was loaded since the baseline has brought settings, whose defaults nobody has seen: they go
// over as they are. Not those that a link made since has.
Result<std::vector<std::string>> all_paths(const Task& init) {
    NAP_TRY(const auto baseline, recorded_baseline());
    NAP_TRY(const Json found,
            within_machine(init, []() -> Result<Json> { return Json(setting_files(DiskNames::read())); }));
    std::set<std::string> paths(baseline->paths.begin(), baseline->paths.end());
    for (const Json& path : found)
        if (const auto name = path.get<std::string>(); !of_link(name)) paths.insert(name);
    return std::vector<std::string>(paths.begin(), paths.end());
}

Result<SettingsSeen> look(const Task& init) {
    NAP_TRY(auto paths, all_paths(init));
    NAP_TRY(SettingsWatch watch, SettingsWatch::start(paths));
    NAP_TRY(Values now, read_within(init, paths));
    return SettingsSeen{std::move(paths), std::move(now), std::move(watch)};
}

// What the agent has changed for a while is the machine's as it was.
Result<Values> set_by_machine(const Agent& agent, Values now) {
    NAP_TRY(const auto baseline, recorded_baseline());
    for (const Settings* changed : {&agent.quiet, &agent.huge_pages, &agent.settled, &agent.out_of_memory})
        NAP_CHECK(changed->undo_in(now));
    return difference(baseline->values, now);
}

// What the agent has changed in this kernel, or must not be set yet, gets the machine's value later.
Result<> leave_for_later(Agent& agent, const Baseline& baseline, const Values& set, Values& wanted) {
    const auto machines = [&](const std::string& path) {
        const auto found = set.find(path);
        return found == set.end() ? baseline.values.at(path) : found->second;
    };
    for (const auto& [path, value] : baseline.values)
        if (when(path) == When::settled && machines(path) != value) NAP_CHECK(agent.settled.set(path, value));
    for (Settings* changed : {&agent.huge_pages, &agent.settled, &agent.out_of_memory}) {
        NAP_TRY(const auto paths, changed->changed());
        for (const auto& path : paths) {
            wanted.erase(path);
            if (baseline.values.contains(path)) NAP_CHECK(changed->restore_to(path, machines(path)));
        }
    }
    return {};
}

// Only what may have to change between the two.
void keep_affected(Values& wanted, const Values& before, const Values& now) {
    std::set<std::string> folders;
    for (const Values& changed : {difference(before, now), difference(now, before)})
        for (const auto& [path, value] : changed) folders.emplace(changed_with(path));
    std::erase_if(wanted, [&](const auto& each) {
        return std::ranges::none_of(folders, [&](const std::string& folder) {
            return each.first.starts_with(folder) || changed_with(each.first) == folder;
        });
    });
}

Result<> put(Agent& agent, const Values& set) {
    NAP_TRY(const auto baseline, recorded_baseline());
    Values wanted = wanted_before_tasks(*baseline, set);
    NAP_CHECK(leave_for_later(agent, *baseline, set, wanted));
    Reasons earlier;
    if (agent.settings_put) {
        keep_affected(wanted, agent.settings_put->set, set);
        earlier = agent.settings_put->refused;
        std::erase_if(earlier, [&](const auto& each) { return wanted.contains(each.first); });
    }
    NAP_TRY(Reasons refused, put_within(std::nullopt, wanted));
    refused.merge(earlier);
    for (const auto& [path, value] : set)
        if (std::ranges::find(baseline->paths, path) == baseline->paths.end())
            refused[path] = "this kernel does not have it";
    agent.settings_put = SettingsPut{set, std::move(refused)};
    return {};
}

}  // namespace

Result<Json> settings(Agent& agent, const Json&, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    agent.settings_seen.reset();
    NAP_TRY(agent.settings_seen, look(*init));
    NAP_TRY(const Values set, set_by_machine(agent, agent.settings_seen->now));
    rehearse_network();
    rehearse_capturing_firewall();
    return Json{{"settings", set}};
}

Result<Json> put_settings(Agent& agent, const Json& params, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_CHECK(put(agent, values_from(params.value("settings", Json::object()))));
    rehearse_network();
    return Json::object();
}

Result<Values> settings_now(Agent& agent, const Task& init) {
    if (!agent.settings_seen) {
        NAP_TRY(agent.settings_seen, look(init));
    } else {
        SettingsSeen& seen = *agent.settings_seen;
        NAP_TRY(const auto paths, seen.watch.changed(seen.paths));
        if (!paths.empty()) {
            NAP_TRY(Values again, read_within(init, paths));
            for (const auto& path : paths) seen.now.erase(path);
            seen.now.merge(again);
        }
    }
    return set_by_machine(agent, agent.settings_seen->now);
}

Result<> put_settings_before_tasks(Agent& agent, const Values& set) {
    if (agent.settings_put && agent.settings_put->set == set) return {};
    return put(agent, set);
}

Result<Reasons> put_settings_after_tasks(Agent& agent, const Values& set, const Task& init) {
    NAP_TRY(const auto baseline, recorded_baseline());
    NAP_TRY(Reasons refused, put_within(init, wanted_after_tasks(*baseline, set)));
    if (agent.settings_put) {
        Reasons earlier = agent.settings_put->refused;
        std::erase_if(earlier, [](const auto& each) { return out_of_the_way(each.first, true).has_value(); });
        refused.merge(earlier);
    }
    std::erase_if(refused, [&](const auto& each) { return !set.contains(each.first); });
    return refused;
}

Result<Reasons> put_settled_settings(Agent& agent) {
    NAP_TRY(const auto paths, agent.settled.changed());
    Values wanted = read_values(paths);
    NAP_CHECK(agent.settled.undo_in(wanted));
    NAP_CHECK(agent.settled.restore());
    Reasons refused;
    for (const auto& [path, value] : difference(wanted, read_values(paths)))
        refused[path] = "of " + wanted[path] + " this kernel could give " + value;
    return refused;
}

std::string setting_name(const std::string& path) {
    constexpr std::string_view kSysctls = "/proc/sys/";
    if (!path.starts_with(kSysctls)) return path;
    std::string name = path.substr(kSysctls.size());
    std::ranges::replace(name, '.', '\n');  // as sysctl(8) does: a dot in an interface's name is a slash
    std::ranges::replace(name, '/', '.');
    std::ranges::replace(name, '\n', '/');
    return name;
}

}  // namespace nap::agent
