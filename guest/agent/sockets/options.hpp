// SPDX-License-Identifier: GPL-2.0-only
// Options: those of a socket that can be set but not asked for, as calls of setsockopt(2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/sockets/seen_socket.hpp"
#include "channel/json.hpp"

namespace nap::agent {

Result<channel::Json> options_of(const RunningKernel& kernel, const SeenSocket& socket);
// What this kernel refuses is left as it is, and told.
Result<std::string> set_options(int fd, const channel::Json& told);

// One call more.
void add_option(channel::Json& options, int level, int name, std::string_view value);
template <class T>
void add_option(channel::Json& options, int level, int name, const T& value) {
    add_option(options, level, name, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

// IPv6: sticky ones, flow labels, anycast addresses (options_six.cpp).
// The kernel's struct ip6_flowlabel of each that it has leased.
Result<std::vector<std::uint64_t>> flow_labels_of(const RunningKernel& kernel, const SeenSocket& socket);
Result<> add_options_six(const RunningKernel& kernel, const SeenSocket& socket, channel::Json& options);

}  // namespace nap::agent
