// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/kernel_settings.hpp"

#include "agent/kernel_settings/carry.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> capture(Agent& agent, const Task& init) {
    NAP_TRY(const Values set, settings_now(agent, init));
    return Json(set);
}

Result<> put_before(Agent& agent, const Json& captured, Warnings&) {
    return put_settings_before_tasks(agent, values_from(captured));
}

Result<> put_after(Agent& agent, const Json& captured, const HostPids& pids, Warnings& warnings) {
    const auto init = pids.find(1);
    if (init == pids.end()) return fail(ErrorKind::guest, "there is no init");
    const Values set = values_from(captured);
    Task recreated;
    recreated.host_pid = init->second;
    NAP_TRY(const auto refused, put_settings_after_tasks(agent, set, recreated));
    for (const auto& [path, why] : refused)
        warnings.push_back("the machine's setting " + setting_name(path) + " = " + set.at(path) +
                           " is lost: " + why);
    return {};
}

}  // namespace

const Part kKernelSettings{"settings", capture, put_before, put_after};

}  // namespace nap::agent
