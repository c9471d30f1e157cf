// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/resume.hpp"

#include "agent/calls/log.hpp"
#include "agent/calls/params.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/machine/clock.hpp"
#include "agent/machine/clock_discipline.hpp"
#include "agent/userland/time_offset.hpp"

namespace nap::agent {

using channel::Call;

Result<Json> resume(Agent& agent, const Json& params, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_TRY(const std::int64_t realtime_ahead, ahead(params, "realtime_ahead"));
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_CHECK(device.resume());
    // The older kernel is gone: a clock that cannot be set must not keep the userland frozen.
    auto offset = userland_time_offset();
    if (!offset) log(offset.error().message);
    if (offset)
        if (auto set = set_realtime_ahead(realtime_ahead + *offset); !set) log(set.error().message);
    if (auto restored = restore_discipline(); !restored) log(restored.error().message);
    if (auto restored = agent.out_of_memory.restore(); !restored) log(restored.error().message);
    NAP_CHECK(set_frozen(false));
    return Json::object();
}

}  // namespace nap::agent
