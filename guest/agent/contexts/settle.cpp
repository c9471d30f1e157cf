// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/settle.hpp"

#include "agent/contexts/adoption.hpp"
#include "agent/kernel_settings/carry.hpp"
#include "agent/userland/reboot_request.hpp"

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
    if (auto withdrawn = withdraw_reboot_request(); !withdrawn)
        reply["warnings"].push_back("withdrawing the request for a reboot: " + withdrawn.error().message);
    return reply;
}

}  // namespace nap::agent
