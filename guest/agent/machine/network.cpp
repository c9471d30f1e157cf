// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/network.hpp"

#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"
#include "base/release.hpp"

namespace nap::agent {

using channel::Call;

namespace {

constexpr const char* kName = "eth0";
constexpr std::chrono::seconds kNicLimit{5};

using Socket = std::unique_ptr<nl_sock, Release<nl_socket_free>>;
using Cache = std::unique_ptr<nl_cache, Release<nl_cache_free>>;
using NlLink = std::unique_ptr<rtnl_link, Release<rtnl_link_put>>;
using Address = std::unique_ptr<nl_addr, Release<nl_addr_put>>;
using LinkAddress = std::unique_ptr<rtnl_addr, Release<rtnl_addr_put>>;
using Route = std::unique_ptr<rtnl_route, Release<rtnl_route_put>>;

// libnl's status codes, negative where something failed.
Result<> succeeded(int status, const std::string& what) {
    if (status >= 0) return {};
    return fail(ErrorKind::io, "cannot " + what + ": " + nl_geterror(status));
}

Result<Socket> connect() {
    Socket socket(nl_socket_alloc());
    if (!socket) return fail(ErrorKind::resources, "not enough memory for a netlink socket");
    NAP_CHECK(succeeded(nl_connect(socket.get(), NETLINK_ROUTE), "open a netlink socket"));
    return socket;
}

Result<Address> parse(const std::string& text, const char* what) {
    nl_addr* address = nullptr;
    if (nl_addr_parse(text.c_str(), AF_UNSPEC, &address) < 0)
        return fail(ErrorKind::usage, "\"" + text + "\" is not " + what);
    return Address(address);
}

// The link of this network namespace with that hardware address; null if there is none.
Result<NlLink> find(nl_sock* socket, nl_addr* mac) {
    nl_cache* raw = nullptr;
    NAP_CHECK(succeeded(rtnl_link_alloc_cache(socket, AF_UNSPEC, &raw), "list the network interfaces"));
    const Cache links(raw);
    for (nl_object* at = nl_cache_get_first(links.get()); at; at = nl_cache_get_next(at)) {
        auto* link = reinterpret_cast<rtnl_link*>(at);
        nl_addr* address = rtnl_link_get_addr(link);
        if (!address || nl_addr_cmp(address, mac) != 0) continue;
        nl_object_get(at);
        return NlLink(link);
    }
    return NlLink();
}

Result<> change(nl_sock* socket, rtnl_link* link, rtnl_link* wanted, const std::string& what) {
    return succeeded(rtnl_link_change(socket, link, wanted, 0), what);
}

// Takes the NIC into the machine's namespace. True if it was in ours.
Result<bool> hand_over(nl_addr* mac) {
    NAP_TRY(const Socket socket, connect());
    NAP_TRY(const NlLink nic, find(socket.get(), mac));
    if (!nic) return false;
    NAP_TRY(UniqueFd network, open_file(kNetworkNamespace, O_RDONLY));
    const NlLink wanted(rtnl_link_alloc());
    rtnl_link_set_ns_fd(wanted.get(), network.get());
    NAP_CHECK(
        change(socket.get(), nic.get(), wanted.get(), "move the NIC to the machine's network namespace"));
    return true;
}

Result<> bring_up(nl_sock* socket, const char* name) {
    rtnl_link* raw = nullptr;
    NAP_CHECK(succeeded(rtnl_link_get_kernel(socket, 0, name, &raw), std::string("find ") + name));
    const NlLink link(raw), wanted(rtnl_link_alloc());
    rtnl_link_set_flags(wanted.get(), IFF_UP);
    return change(socket, link.get(), wanted.get(), std::string("bring up ") + name);
}

Result<> set_address(nl_sock* socket, const std::string& cidr) {
    NAP_TRY(const Address local, parse(cidr, "an address with prefix length"));
    const LinkAddress address(rtnl_addr_alloc());
    rtnl_addr_set_local(address.get(), local.get());
    rtnl_addr_set_ifindex(address.get(), static_cast<int>(::if_nametoindex(kName)));
    return succeeded(rtnl_addr_add(socket, address.get(), NLM_F_REPLACE), "give eth0 the address " + cidr);
}

Result<> set_gateway(nl_sock* socket, const std::string& gateway) {
    NAP_TRY(const Address via, parse(gateway, "an address of a gateway"));
    const Address anywhere(nl_addr_build(nl_addr_get_family(via.get()), nullptr, 0));
    const Route route(rtnl_route_alloc());
    rtnl_route_set_dst(route.get(), anywhere.get());
    rtnl_nexthop* hop = rtnl_route_nh_alloc();  // the route frees it
    rtnl_route_nh_set_gateway(hop, via.get());
    rtnl_route_nh_set_ifindex(hop, static_cast<int>(::if_nametoindex(kName)));
    rtnl_route_add_nexthop(route.get(), hop);
    return succeeded(rtnl_route_add(socket, route.get(), NLM_F_REPLACE), "route by way of " + gateway);
}

// In the machine's namespace.
Result<> configure(nl_addr* mac, const std::string& mac_text, const std::string& cidr,
                   const std::string& gateway) {
    NAP_TRY(const Socket socket, connect());
    NAP_CHECK(bring_up(socket.get(), "lo"));
    NAP_TRY(const NlLink nic, find(socket.get(), mac));
    if (!nic) return fail(ErrorKind::not_found, "there is no NIC with the MAC " + mac_text);
    if (std::string(rtnl_link_get_name(nic.get())) != kName) {
        const NlLink wanted(rtnl_link_alloc());
        rtnl_link_set_name(wanted.get(), kName);
        NAP_CHECK(change(socket.get(), nic.get(), wanted.get(), "name the NIC eth0"));
    }
    NAP_CHECK(bring_up(socket.get(), kName));
    if (!cidr.empty()) NAP_CHECK(set_address(socket.get(), cidr));
    if (!gateway.empty()) NAP_CHECK(set_gateway(socket.get(), gateway));
    return {};
}

}  // namespace

Result<Json> network(Agent&, const Json& params, Call&) {
    NAP_TRY(const std::string mac_text, text_or(params, "mac", ""));
    NAP_TRY(const std::string cidr, text_or(params, "cidr", ""));
    NAP_TRY(const std::string gateway, text_or(params, "gateway", ""));
    NAP_CHECK(make_network_namespace());
    if (mac_text.empty()) {  // a machine without a NIC
        NAP_CHECK(in_machine_network([]() -> Result<> {
            NAP_TRY(const Socket socket, connect());
            return bring_up(socket.get(), "lo");
        }));
        return Json::object();
    }
    NAP_TRY(const Address mac, parse(mac_text, "a MAC"));
    // The driver may still be probing. After a first call the NIC is in the namespace already.
    auto attempt = [&] {
        return in_machine_network([&] { return configure(mac.get(), mac_text, cidr, gateway); });
    };
    Result<> configured;
    for (const auto deadline = std::chrono::steady_clock::now() + kNicLimit;;) {
        NAP_CHECK(hand_over(mac.get()));
        configured = attempt();
        if (configured || configured.error().kind != ErrorKind::not_found ||
            std::chrono::steady_clock::now() > deadline)
            break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    NAP_CHECK(configured);
    return Json::object();
}

}  // namespace nap::agent
