// SPDX-License-Identifier: GPL-2.0-only
// The machine's network as its programs have set it, as ip(8) shows it. Natively in a namespace of its own.
#include <sched.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

#include "harness.hpp"

namespace guest {
namespace {

std::string output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    require(pipe != nullptr, "cannot run ", command);
    std::string text;
    std::array<char, 4096> buffer;
    while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
        text.append(buffer.data(), got);
    require(pclose(pipe) == 0, command, " failed");
    return text;
}

class NetworkAsSet : public State {
  public:
    void set_up() override {
        if (!in_machine()) check(unshare(CLONE_NEWNET), "unshare");
        for (const char* command :
             {"link set lo up mtu 20000 txqueuelen 77 alias here", "addr add 10.77.5.1/24 dev lo",
              "addr add 10.77.5.2/24 dev lo label lo:second", "addr add 2001:db8:77::1/64 dev lo",
              "route add 10.77.3.0/24 dev lo src 127.0.0.7 table 177", "route add blackhole 10.77.2.0/24",
              "route add local 10.77.1.0/24 dev lo",
              "route add 10.77.6.0/24 via 10.77.5.77 dev lo metric 5 mtu 1400",
              "-6 route add unreachable 2001:db8:78::/64", "rule add fwmark 77 lookup 177 pref 777",
              "-6 rule add from 2001:db8:77::/64 lookup 177 pref 778"})
            output_of(std::string("ip ") + command);
        // Not of lo, whose neighbours are all one: nothing would arrive there any more
        if (in_machine()) output_of("ip neigh add 10.77.5.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
        sleep_ms(1000);
        for (const char* what : {"-o -d link show lo", "addr show lo", "route show table all", "-6 route",
                                 "rule", "-6 rule", "neigh show nud permanent", "-4 addr show"})
            was_[what] = shown(what);
    }
    void verify() override {
        for (const auto& [what, was] : was_) {
            const std::string now = shown(what);
            require(now == was, "ip ", what, " shows\n", now, "and did\n", was);
        }
    }
    void damage() override { output_of("ip addr del 10.77.5.2/24 dev lo"); }

  private:
    // What others set meanwhile is theirs.
    static std::string shown(const std::string& what) {
        std::istringstream lines(output_of("ip " + what));
        std::string ours;
        for (std::string line; std::getline(lines, line);)
            for (const char* mark : {"10.77.", "2001:db8:7", "lookup 177", "alias here"})
                if (line.find(mark) != std::string::npos) {
                    ours += line + "\n";
                    break;
                }
        return ours;
    }
    std::map<std::string, std::string> was_;
};

NAP_GUEST_STATE("network_as_set", NetworkAsSet);

}  // namespace
}  // namespace guest
