// SPDX-License-Identifier: GPL-2.0-only
#include "cli/network_option.hpp"

namespace nap::cli {

Result<machine::Network> parse_network(const std::string& text) {
    auto bad = [&](const std::string& why) {
        return fail(ErrorKind::usage,
                    "--net '" + text + "' " + why + "; it has the form tap=IFNAME[,netns=NS][,mac=MAC]");
    };
    machine::Network network;
    for (std::size_t at = 0; at <= text.size();) {
        auto end = std::min(text.find(',', at), text.size());
        auto item = text.substr(at, end - at);
        at = end + 1;
        auto equals = item.find('=');
        auto key = item.substr(0, equals);
        auto* value = key == "tap"     ? &network.tap
                      : key == "netns" ? &network.netns
                      : key == "mac"   ? &network.mac
                                       : nullptr;
        if (!value) return bad("has an unknown part '" + item + "'");
        if (equals == std::string::npos || equals + 1 == item.size()) return bad("gives no value for " + key);
        if (!value->empty()) return bad("gives " + key + " twice");
        *value = item.substr(equals + 1);
    }
    if (network.tap.empty()) return bad("names no tap");
    return network;
}

}  // namespace nap::cli
