// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/resume.hpp"

#include "agent/calls/log.hpp"
#include "agent/calls/params.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/machine/clock.hpp"
#include "agent/machine/clock_discipline.hpp"
#include "agent/userland/freeze.hpp"

namespace nap::agent {

using channel::Call;

Result<Json> resume(Agent& agent, const Json& params, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_TRY(const std::uint64_t realtime, number(params, "realtime"));
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_CHECK(device.resume());
    // The older kernel is gone: a clock that cannot be set must not keep the userland frozen.
    if (auto set = set_realtime(realtime); !set) log(set.error().message);
    if (auto restored = restore_discipline(); !restored) log(restored.error().message);
    if (auto restored = agent.out_of_memory.restore(); !restored) log(restored.error().message);
    NAP_CHECK(set_frozen(false));
    return Json::object();
}

}  // namespace nap::agent
