// SPDX-License-Identifier: GPL-2.0-only
#include "agent/network/links.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "agent/carried/part_file.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Json;

namespace {

constexpr unsigned kSettable = IFF_UP | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_DYNAMIC | IFF_DEBUG;
constexpr std::array kKept = {IFLA_IFNAME, IFLA_MTU, IFLA_TXQLEN, IFLA_ADDRESS, IFLA_IFALIAS, IFLA_GROUP};

// Its own of IPv6, at most the link's.
std::string mtu6_file(const std::string& name) {
    return "/proc/sys/net/ipv6/conf/" + name + "/mtu";
}

// The attributes that a program sets, by their number.
Json kept_of(const Link& link) {
    Json kept = Json::object();
    for (const Attribute& each : attributes_of(link.body, sizeof(ifinfomsg)))
        if (std::ranges::find(kKept, each.type) != kKept.end())
            kept[std::to_string(each.type)] = to_binary(each.value);
    return kept;
}

class Setting {
  public:
    Setting(Netlink& netlink, const Link& link) : netlink_(netlink), link_(link) {}

    Result<> set(const Json& wanted) {
        const Json now = kept_of(link_);
        for (const int type : kKept) {
            const std::string key = std::to_string(type);
            if (!wanted["set"].contains(key) || wanted["set"][key] == now.value(key, Json())) continue;
            NAP_TRY(const Body value, from_binary(wanted["set"][key]));
            if (type == IFLA_IFNAME) NAP_CHECK(change("be taken down", 0, IFF_UP, 0, {}));
            NAP_CHECK(change("get back its attribute " + key, 0, 0, type, value));
        }
        const unsigned flags = wanted.value("flags", 0U);
        const unsigned now_up = wanted["set"].value(std::to_string(IFLA_IFNAME), Json()) ==
                                        now.value(std::to_string(IFLA_IFNAME), Json())
                                    ? link_.flags
                                    : link_.flags & ~unsigned{IFF_UP};
        if (((flags ^ now_up) & kSettable) != 0)
            NAP_CHECK(change("get back its flags", flags & kSettable, kSettable, 0, {}));
        return {};
    }
    [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }

  private:
    Result<> change(const std::string& what, unsigned flags, unsigned mask, int attribute,
                    const Body& value) {
        ifinfomsg header{};
        header.ifi_index = link_.index;
        header.ifi_flags = flags;
        header.ifi_change = mask;
        Body body = body_of(header);
        if (attribute != 0) add_attribute(body, attribute, value);
        NAP_TRY(const int error, netlink_.change(RTM_NEWLINK, 0, body));
        if (error != 0)
            refused_.push_back("the machine's link " + link_.name + " could not " + what + ": " +
                               std::strerror(error));
        return {};
    }
    Netlink& netlink_;
    const Link& link_;
    std::vector<std::string> refused_;
};

}  // namespace

bool Link::is_loopback() const {
    return (flags & IFF_LOOPBACK) != 0;
}

Result<std::vector<Link>> list_links(Netlink& netlink) {
    NAP_TRY(const auto answers, netlink.dump(RTM_GETLINK, body_of(ifinfomsg{})));
    std::vector<Link> links;
    for (const auto& [type, body] : answers) {
        if (type != RTM_NEWLINK) continue;
        const auto header = header_of<ifinfomsg>(body);
        Link link{.index = header.ifi_index, .flags = header.ifi_flags, .name = {}, .kind = {}, .body = body};
        for (const Attribute& each : attributes_of(body, sizeof header)) {
            if (each.type == IFLA_IFNAME) link.name = text_of(each.value);
            if (each.type == IFLA_LINKINFO)
                for (const Attribute& inner : attributes_of(each.value, 0))
                    if (inner.type == IFLA_INFO_KIND) link.kind = text_of(inner.value);
        }
        links.push_back(std::move(link));
    }
    return links;
}

Result<Json> capture_links(Netlink& netlink) {
    NAP_TRY(const auto links, list_links(netlink));
    Json captured = Json::array();
    for (const Link& link : links) {
        if (!link.is_machines()) continue;
        captured.push_back({{"loopback", link.is_loopback()},
                            {"index", link.index},
                            {"flags", link.flags},
                            {"name", link.name},
                            {"set", kept_of(link)},
                            {"mtu6", read_file(mtu6_file(link.name)).value_or("")}});
    }
    return captured;
}

Result<std::vector<std::string>> put_links(Netlink& netlink, const Json& captured) {
    NAP_TRY(const auto links, list_links(netlink));
    std::vector<std::string> refused;
    for (const Json& wanted : captured) {
        const bool loopback = wanted.value("loopback", false);
        const auto link = std::ranges::find_if(
            links, [&](const Link& each) { return each.is_machines() && each.is_loopback() == loopback; });
        if (link == links.end()) continue;
        if (link->index != wanted.value("index", 0))
            return fail(ErrorKind::unsupported,
                        "the link " + link->name + " has another number in this kernel");
        Setting setting(netlink, *link);
        NAP_CHECK(setting.set(wanted));
        refused.insert(refused.end(), setting.refused().begin(), setting.refused().end());
        const std::string mtu6 = wanted.value("mtu6", ""), file = mtu6_file(wanted.value("name", ""));
        if (!mtu6.empty() && read_file(file).value_or("") != mtu6)
            if (auto written = write_file(file, mtu6); !written) refused.push_back(written.error().message);
    }
    return refused;
}

}  // namespace nap::agent
