// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls.hpp"

#include <array>
#include <exception>
#include <string_view>

#include "agent/anchors.hpp"
#include "agent/check.hpp"
#include "agent/clock.hpp"
#include "agent/disk.hpp"
#include "agent/dump.hpp"
#include "agent/exec.hpp"
#include "agent/fault.hpp"
#include "agent/files.hpp"
#include "agent/freeze.hpp"
#include "agent/hello.hpp"
#include "agent/log.hpp"
#include "agent/measure.hpp"
#include "agent/network.hpp"
#include "agent/prepare.hpp"
#include "agent/quiet.hpp"
#include "agent/restore.hpp"
#include "agent/resume.hpp"
#include "agent/settle.hpp"
#include "agent/shut_down.hpp"
#include "agent/tasks.hpp"
#include "agent/userland.hpp"

namespace nap::agent {

namespace {

using channel::Call;
using channel::Json;
using Function = Result<Json> (*)(Agent&, const Json&, Call&);

struct Method {
    std::string_view name;
    Function function;
};

constexpr std::array kMethods = {
    Method{"hello", hello},
    Method{"network", network},
    Method{"mount", mount_root},
    Method{"start_userland", start_userland},
    Method{"userland", userland},
    Method{"exec", exec},
    Method{"put", put},
    Method{"get", get},
    Method{"check", check},
    Method{"anchors", anchors},
    Method{"quiet", quiet},
    Method{"clock", clock},
    Method{"freeze", freeze},
    Method{"thaw", thaw},
    Method{"dump", dump},
    Method{"file_systems", file_systems},
    Method{"prepare", prepare},
    Method{"restore", restore},
    Method{"resume", resume},
    Method{"settle", settle},
    Method{"shut_down", shut_down},
    Method{"measure_copy", measure_copy},
    Method{"fault", fault},
};

Result<Json> dispatch(Agent& agent, const std::string& name, const Json& params, Call& call) {
    for (const auto& method : kMethods)
        if (method.name == name) return method.function(agent, params, call);
    return fail(ErrorKind::unsupported, "the agent does not know the call \"" + name + "\"");
}

}  // namespace

Result<Json> answer(Agent& agent, const std::string& method, const Json& params, Call& call) {
    try {
        auto result = dispatch(agent, method, params, call);
        if (!result) log(method + " failed: " + result.error().message);
        return result;
    } catch (const std::exception& error) {
        log(method + " failed: " + error.what());
        return fail(ErrorKind::internal, "the agent failed in " + method + ": " + error.what());
    }
}

}  // namespace nap::agent
