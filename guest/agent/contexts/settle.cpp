// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/settle.hpp"

#include "agent/contexts/adoption.hpp"
#include "agent/kernel_settings/carry.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

Result<Json> settle(Agent& agent, const Json&, Call&) {
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_TRY(const nap_settle settled, device.settle());
    NAP_CHECK(agent.huge_pages.restore());
    NAP_TRY(const auto refused, put_settled_settings(agent));
    NAP_CHECK(agent.quiet.restore());
    Json reply = to_json(settled);
    reply["warnings"] = Json::array();
    for (const auto& [path, why] : refused)
        reply["warnings"].push_back("the machine's setting " + setting_name(path) + ": " + why);
    return reply;
}

}  // namespace nap::agent
