// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a listed firewall: messages, each with a byte for its kind and one for its length in words.
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <string_view>

#include "agent/firewall/connections.hpp"
#include "agent/firewall/replay.hpp"
#include "agent/firewall/ruleset.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nap::agent;
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::vector<Netlink::Answer> listed;
    while (rest.size() >= 2) {
        const int message = static_cast<unsigned char>(rest[0]) % (NFT_MSG_MAX + 1);
        const std::size_t length = 4U * static_cast<unsigned char>(rest[1]);
        rest.remove_prefix(2);
        const auto body = rest.substr(0, std::min(length, rest.size()));
        rest.remove_prefix(body.size());
        listed.push_back({nf_tables_type(message), Body(body)});
        (void)tracked_again(body);
        (void)expectation_again(body);
    }
    (void)replay_of(listed);
    return 0;
}
