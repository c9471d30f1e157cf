// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/kernel_wide.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <set>

#include "agent/check/firewalls.hpp"
#include "agent/kernel_settings/baseline.hpp"
#include "agent/network/links.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

// Those that are carried: every kernel of Nap's has them built in.
constexpr std::array kQueues = {"noqueue", "pfifo_fast", "pfifo", "bfifo", "fq_codel", "mq"};

void name(Obstacles& obstacles, std::string what, std::string why, std::string advice) {
    obstacles.push_back({0, "", {std::move(what), std::move(why), std::move(advice)}});
}

// Nobody may trace, and nobody can take that back.
void find_tracing_forbidden(Obstacles& obstacles) {
    const auto scope = read_file("/proc/sys/kernel/yama/ptrace_scope");
    if (scope && scope->starts_with("3"))
        name(obstacles, "kernel.yama.ptrace_scope = 3",
             "No process can be looked into, until the kernel ends.",
             "Restart the machine without this setting.");
}

void find_links(Netlink& netlink, Obstacles& obstacles) {
    auto links = list_links(netlink);
    if (!links) return;
    for (const Link& link : *links) {
        // What a module makes in each namespace, and nobody uses
        const bool idle_tunnel = link.name.ends_with("0") && (link.flags & IFF_UP) == 0 &&
                                 !link.kind.empty() && link.kind != "dummy" && link.kind != "bridge" &&
                                 link.kind != "tun";
        if (link.is_machines() || idle_tunnel) continue;
        name(obstacles, "the network interface " + link.name + " (" + link.kind + ")",
             "Interfaces that the machine's programs made are not carried over yet.",
             "Remove it: ip link delete " + link.name + ".");
    }
}

void find_queues(Netlink& netlink, Obstacles& obstacles) {
    auto queues = netlink.dump(RTM_GETQDISC, body_of(tcmsg{}));
    if (!queues) return;
    std::set<std::string> kinds;
    for (const auto& [type, body] : *queues) {
        if (type != RTM_NEWQDISC || header_of<tcmsg>(body).tcm_handle == 0)
            continue;  // the kernel's own choice
        for (const Attribute& each : attributes_of(body, sizeof(tcmsg)))
            if (each.type == TCA_KIND) kinds.insert(text_of(each.value));
    }
    for (const auto& kind : kinds)
        if (std::ranges::find(kQueues, kind) == kQueues.end())
            name(obstacles, "a queueing discipline " + kind, "It is not carried over yet.",
                 "Remove it: tc qdisc del.");
}

}  // namespace

Obstacles find_in_network() {
    Obstacles obstacles;
    if (auto netlink = Netlink::open(NETLINK_ROUTE)) {
        find_links(*netlink, obstacles);
        find_queues(*netlink, obstacles);
    }
    find_firewalls(obstacles);
    return obstacles;
}

void find_kernel_wide(Obstacles& obstacles) {
    find_tracing_forbidden(obstacles);
    (void)in_machine_network([&]() -> Result<> {
        const Obstacles found = find_in_network();
        obstacles.insert(obstacles.end(), found.begin(), found.end());
        return {};
    });
}

}  // namespace nap::agent
