// SPDX-License-Identifier: GPL-2.0-only
// Links: the machine's lo and NIC, as its programs have set them: name, MTU, queue length, flags, address.
#pragma once

#include "agent/network/netlink.hpp"
#include "channel/json.hpp"

namespace nap::agent {

struct Link {
    int index = 0;
    unsigned flags = 0;
    std::string name, kind;  // kind: "dummy", "bridge"; empty: a device
    Body body;               // as the kernel tells it

    [[nodiscard]] bool is_loopback() const;
    [[nodiscard]] bool is_machines() const { return kind.empty(); }
};

// In this thread's network namespace.
Result<std::vector<Link>> list_links(Netlink& netlink);

Result<channel::Json> capture_links(Netlink& netlink);
// What could not be set, a sentence each.
Result<std::vector<std::string>> put_links(Netlink& netlink, const channel::Json& captured);

}  // namespace nap::agent
