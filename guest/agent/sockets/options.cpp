// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/options.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "agent/carried/part_file.hpp"

namespace nap::agent {

namespace {

using channel::Json;
using enum SocketWord;

constexpr int kMostAlerts = 1024;

// IP_MULTICAST_IF is told as an address only.
void add_multicast(const SeenSocket& socket, Json& options) {
    if (socket[multicast_index] == 0) return;
    ip_mreqn interface {};
    interface.imr_address.s_addr = socket.number(multicast_address);
    interface.imr_ifindex = static_cast<int>(socket[multicast_index]);
    add_option(options, IPPROTO_IP, IP_MULTICAST_IF, interface);
}

// Raw sockets that are given packets with the router alert option, as the kernel lists them.
Result<> add_alert(const RunningKernel& kernel, const SeenSocket& socket, Json& options) {
    std::uint64_t at = socket[alerts];
    for (int i = 0; at != 0 && i < kMostAlerts; ++i) {
        NAP_TRY(const auto told, kernel.field(at, "ip_ra_chain", "sk"));
        if (told == socket[sock]) {
            add_option(options, IPPROTO_IP, IP_ROUTER_ALERT, int{1});
            return {};
        }
        NAP_TRY(at, kernel.field(at, "ip_ra_chain", "next"));
    }
    return {};
}

}  // namespace

void add_option(Json& options, int level, int name, std::string_view value) {
    options.push_back({{"level", level}, {"name", name}, {"value", to_binary(value)}});
}

Result<Json> options_of(const RunningKernel& kernel, const SeenSocket& socket) {
    Json options = Json::array();
    if (!socket.is_internet()) return options;
    if (!socket.is_tcp()) add_multicast(socket, options);
    if (socket[family] == AF_INET && socket[type] == SOCK_RAW) NAP_CHECK(add_alert(kernel, socket, options));
    if (socket[family] == AF_INET6) NAP_CHECK(add_options_six(kernel, socket, options));
    return options;
}

Result<std::string> set_options(int fd, const Json& told) {
    std::string refused;
    for (const Json& option : told) {
        NAP_TRY(const std::string value, from_binary(option.at("value")));
        const int level = option.at("level").get<int>(), name = option.at("name").get<int>();
        if (::setsockopt(fd, level, name, value.data(), static_cast<socklen_t>(value.size())) != 0)
            refused += (refused.empty() ? "" : ", ") + std::to_string(level) + ":" + std::to_string(name) +
                       " (" + std::strerror(errno) + ")";
    }
    return refused;
}

}  // namespace nap::agent
