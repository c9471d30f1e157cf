// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/calls.hpp"

#include <array>
#include <exception>
#include <string_view>

#include "agent/calls/fault.hpp"
#include "agent/calls/files.hpp"
#include "agent/calls/hello.hpp"
#include "agent/calls/log.hpp"
#include "agent/check/check.hpp"
#include "agent/contexts/dump.hpp"
#include "agent/contexts/measure.hpp"
#include "agent/contexts/prepare.hpp"
#include "agent/contexts/program_files.hpp"
#include "agent/contexts/restore.hpp"
#include "agent/contexts/resume.hpp"
#include "agent/contexts/settle.hpp"
#include "agent/contexts/touch.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/kernel_settings/carry.hpp"
#include "agent/machine/anchors.hpp"
#include "agent/machine/clock.hpp"
#include "agent/machine/disk.hpp"
#include "agent/machine/network.hpp"
#include "agent/machine/quiet.hpp"
#include "agent/modules/load.hpp"
#include "agent/userland/exec.hpp"
#include "agent/userland/shut_down.hpp"
#include "agent/userland/tasks.hpp"
#include "agent/userland/userland.hpp"

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
    Method{"list", list},
    Method{"check", check},
    Method{"anchors", anchors},
    Method{"settings", settings},
    Method{"put_settings", put_settings},
    Method{"quiet", quiet},
    Method{"clock", clock},
    Method{"freeze", freeze},
    Method{"thaw", thaw},
    Method{"dump", dump},
    Method{"file_systems", file_systems},
    Method{"modules", modules},
    Method{"load_modules", load_modules},
    Method{"prepare", prepare},
    Method{"touch", touch},
    Method{"program_files", program_files},
    Method{"read_ahead", read_ahead},
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
        const Slowness slowness(method);
        auto result = dispatch(agent, method, params, call);
        if (!result) log(method + " failed: " + result.error().message);
        return result;
    } catch (const std::exception& error) {
        log(method + " failed: " + error.what());
        return fail(ErrorKind::internal, "the agent failed in " + method + ": " + error.what());
    }
}

}  // namespace nap::agent
