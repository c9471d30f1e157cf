// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/tracking.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "agent/firewall/connections.hpp"

namespace nap::agent {

namespace {

constexpr int kConnections = NFNL_SUBSYS_CTNETLINK << 8, kExpectations = NFNL_SUBSYS_CTNETLINK_EXP << 8;

// Counted by reason: there may be many of a kind.
class Refused {
  public:
    void count(int error) { ++counts_[error]; }
    [[nodiscard]] std::vector<std::string> told(const std::string& what) const {
        std::vector<std::string> sentences;
        for (const auto& [error, count] : counts_)
            sentences.push_back(std::to_string(count) + " of the machine's " + what +
                                " are lost: " + std::strerror(error));
        return sentences;
    }

  private:
    std::map<int, int> counts_;
};

Result<> make(Netlink& netlink, int type, const Body& message, Refused& refused) {
    NAP_TRY(const int error, netlink.change(type, NLM_F_CREATE | NLM_F_EXCL, message));
    if (error != 0) refused.count(error);
    return {};
}

}  // namespace

Tracked list_tracked(Netlink& netlink) {
    Tracked tracked;
    if (const auto listed = netlink.dump(kConnections | IPCTNL_MSG_CT_GET, body_of(nfgenmsg{})))
        for (const auto& [type, body] : *listed)
            if (auto again = tracked_again(body)) tracked.connections.push_back(std::move(*again));
    if (const auto listed = netlink.dump(kExpectations | IPCTNL_MSG_EXP_GET, body_of(nfgenmsg{})))
        for (const auto& [type, body] : *listed) tracked.expectations.push_back(expectation_again(body));
    // One that another led to wants that one there
    std::ranges::stable_partition(tracked.connections, [](const Body& each) { return !is_expected(each); });
    return tracked;
}

Result<std::vector<std::string>> track(Netlink& netlink, const Tracked& tracked) {
    Refused connections, expectations;
    for (const Body& each : tracked.connections)
        NAP_CHECK(make(netlink, kConnections | IPCTNL_MSG_CT_NEW, each, connections));
    for (const Body& each : tracked.expectations)
        NAP_CHECK(make(netlink, kExpectations | IPCTNL_MSG_EXP_NEW, each, expectations));
    auto refused = connections.told("tracked connections");
    std::ranges::copy(expectations.told("expected connections"), std::back_inserter(refused));
    return refused;
}

}  // namespace nap::agent
