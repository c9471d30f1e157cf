// SPDX-License-Identifier: GPL-2.0-only
// The table of socket options against the constants of the kernel headers that are installed: a new one is
// noticed here, and has to be carried, or named.
#include "sockets/socket_option_table.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

namespace guest {
namespace {

struct Header {
    const char* path;
    const char* option;       // what an option's definition looks like
    const char* other_names;  // constants of the same look that are not options
};

constexpr Header kHeaders[] = {
    {"asm-generic/socket.h", "#define\\s+(SO_\\w+)\\s+(\\d+)", "SO_none"},
    {"linux/in.h", "#define\\s+((?:IP|MCAST)_\\w+)\\s+(\\d+)",
     "IP_PMTUDISC_\\w+|IP_DEFAULT_\\w+|MCAST_(EXCLUDE|INCLUDE)|IP_ORIGDSTADDR"},
    {"linux/in6.h", "#define\\s+(IPV6_\\w+)\\s+(\\d+)\\s*(?:/\\*.*)?$",
     "IPV6_(FL_|FLOWINFO_(FLOWLABEL|PRIORITY)|PRIORITY_|TLV_|PMTUDISC_|PREFER_)\\w*|IPV6_ORIGDSTADDR"},
    {"linux/tcp.h", "#define\\s+(TCP_\\w+)\\s+(\\d+)\\s*(?:/\\*.*)?$",
     "TCP_(MSS_|REPAIR_O|MD5SIG_(MAX|FLAG)|AO_(MAX|KEYF)|RECEIVE_ZEROCOPY_|FASTOPEN_T)\\w*"},
    {"linux/udp.h", "#define\\s+(UDP_\\w+)\\s+(\\d+)", "UDP_ENCAP_\\w+"},
    {"linux/if_packet.h", "#define\\s+(PACKET_\\w+)\\s+(\\d+)",
     "PACKET_(HOST|BROADCAST|MULTICAST|OTHERHOST|OUTGOING|LOOPBACK|USER|KERNEL|FASTROUTE|FANOUT_[^D]\\w+|MR_"
     "\\w+)"},
};

bool in_table(const std::string& name, int number) {
    for (const SocketOption& option : socket_options())
        if (option.name == name && option.number == number) return true;
    return false;
}

TEST(SocketOptionTable, HasEveryOptionOfTheInstalledHeaders) {
    for (const Header& header : kHeaders) {
        std::ifstream file(std::string("/usr/include/") + header.path);
        ASSERT_TRUE(file) << header.path;
        const std::regex option(header.option), other(header.other_names);
        int seen = 0;
        for (std::string line; std::getline(file, line);) {
            std::smatch match;
            if (!std::regex_search(line, match, option) || std::regex_match(match[1].str(), other)) continue;
            ++seen;
            EXPECT_TRUE(in_table(match[1], std::stoi(match[2]))) << header.path << ": " << line;
        }
        EXPECT_GT(seen, 4) << header.path;
    }
}

TEST(SocketOptionTable, NamesEachOnce) {
    const auto all = socket_options();
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = i + 1; j < all.size(); ++j)
            EXPECT_FALSE(all[i].name == all[j].name ||
                         (all[i].level == all[j].level && all[i].number == all[j].number))
                << all[i].name << " and " << all[j].name;
}

}  // namespace
}  // namespace guest
