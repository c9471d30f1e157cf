// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/settle.hpp"

#include "agent/contexts/adoption.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

Result<Json> settle(Agent& agent, const Json&, Call&) {
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_TRY(const nap_settle settled, device.settle());
    NAP_CHECK(agent.huge_pages.restore());
    NAP_CHECK(agent.quiet.restore());
    return to_json(settled);
}

}  // namespace nap::agent
