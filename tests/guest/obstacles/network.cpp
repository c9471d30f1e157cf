// SPDX-License-Identifier: GPL-2.0-only
// What programs make in the machine's network, and no process has.
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

#include "harness.hpp"

namespace guest {
namespace {

// One message of a batch for nf_tables.
std::string message(int type, int family, int resource, std::string_view attributes) {
    const nfgenmsg general{static_cast<std::uint8_t>(family), NFNETLINK_V0,
                           htons(static_cast<std::uint16_t>(resource))};
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + sizeof general + attributes.size());
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(&general), sizeof general);
    return bytes.append(attributes);
}

std::string attribute(int type, std::string_view value) {
    const nlattr begin{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()),
                       static_cast<std::uint16_t>(type)};
    std::string bytes(reinterpret_cast<const char*>(&begin), sizeof begin);
    bytes.append(value);
    bytes.resize(NLA_ALIGN(bytes.size()));
    return bytes;
}

// A table of its own: it goes with the socket.
void hold_firewall() {
    const int fd = static_cast<int>(check(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), "socket"));
    const std::uint32_t owned = htonl(2);  // NFT_TABLE_F_OWNER
    const std::string table =
        attribute(NFTA_TABLE_NAME, std::string_view("held", 5)) +
        attribute(NFTA_TABLE_FLAGS, std::string_view(reinterpret_cast<const char*>(&owned), sizeof owned));
    write_exactly(fd,
                  message(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, "") +
                      message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, AF_INET, 0, table) +
                      message(NFNL_MSG_BATCH_END, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, ""),
                  "a batch for nf_tables");
}

NAP_GUEST_HOLDER("firewall", hold_firewall);

}  // namespace
}  // namespace guest
