// SPDX-License-Identifier: GPL-2.0-only
// Puts a filter-buffer before the network device and takes it away.
#include "machine/network/network_hold.hpp"

#include <nlohmann/json.hpp>

#include "channel/json.hpp"
#include "machine/qemu/qemu_command.hpp"

namespace nap::machine {

using Json = nlohmann::json;

Json network_hold_object() {
    return {{"qom-type", "filter-buffer"},
            {"id", kNetworkHold},
            {"netdev", kNetdev},
            {"queue", "all"},
            {"interval", 0xffffffffU}};  // microseconds
}

Result<> hold_network(Qmp& qmp) {
    NAP_CHECK(qmp.execute("object-add", network_hold_object()));
    return {};
}

Result<> release_network(Qmp& qmp) {
    NAP_TRY(auto objects, qmp.execute("qom-list", {{"path", "/objects"}}));
    for (const auto& object : objects)
        if (auto name = channel::text_in(object, "name"); name && *name == kNetworkHold)
            NAP_CHECK(qmp.execute("object-del", {{"id", kNetworkHold}}));
    // Milliseconds; the first one goes out at once
    NAP_CHECK(qmp.execute("announce-self", {{"initial", 50}, {"max", 550}, {"rounds", 5}, {"step", 100}}));
    return {};
}

}  // namespace nap::machine
