// SPDX-License-Identifier: GPL-2.0-only
#include "machine/network/tap_users.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <memory>

#include "base/release.hpp"

namespace nap::machine {

namespace {

using Socket = std::unique_ptr<nl_sock, Release<nl_socket_free>>;
using Message = std::unique_ptr<nl_msg, Release<nlmsg_free>>;

// Looks for the number in a link's message; NL_STOP: that was it.
int find_queues(nl_msg* message, void* into) {
    const auto* header = nlmsg_hdr(message);
    if (header->nlmsg_type != RTM_NEWLINK) return NL_SKIP;
    nlattr* info = nlmsg_find_attr(nlmsg_hdr(message), sizeof(ifinfomsg), IFLA_LINKINFO);
    if (info == nullptr) return NL_SKIP;
    nlattr* data = nla_find(static_cast<nlattr*>(nla_data(info)), nla_len(info), IFLA_INFO_DATA);
    if (data == nullptr) return NL_SKIP;
    nlattr* queues = nla_find(static_cast<nlattr*>(nla_data(data)), nla_len(data), IFLA_TUN_NUM_QUEUES);
    if (queues != nullptr) *static_cast<std::uint32_t*>(into) = nla_get_u32(queues);
    return NL_STOP;
}

}  // namespace

Result<std::uint32_t> attached_queues(const std::string& interface) {
    const std::string attempt = "cannot ask who uses " + interface;
    const Socket socket(nl_socket_alloc());
    const Message message(nlmsg_alloc_simple(RTM_GETLINK, 0));
    ifinfomsg asked{};
    asked.ifi_family = AF_UNSPEC;
    asked.ifi_index = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (!socket || !message || nlmsg_append(message.get(), &asked, sizeof asked, NLMSG_ALIGNTO) < 0)
        return fail(ErrorKind::resources, attempt + ": out of memory");
    std::uint32_t queues = 0;
    nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, find_queues, &queues);
    int status = nl_connect(socket.get(), NETLINK_ROUTE);
    if (status >= 0) status = nl_send_auto(socket.get(), message.get());
    if (status >= 0) status = nl_recvmsgs_default(socket.get());
    if (status < 0) return fail(ErrorKind::io, attempt + ": " + nl_geterror(status));
    return queues;
}

}  // namespace nap::machine
