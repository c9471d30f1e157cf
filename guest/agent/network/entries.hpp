// SPDX-License-Identifier: GPL-2.0-only
// Entries of the tables: what of each is kept, and how it is added.
#pragma once

#include "agent/network/tables.hpp"

namespace nap::agent {

// The plain form of each kind.
std::optional<Body> plain_address(std::string_view body);
std::optional<Body> plain_label(std::string_view body);
std::optional<Body> plain_next_hop(std::string_view body);
std::optional<Body> plain_rule(std::string_view body);
std::optional<Body> plain_route(std::string_view body);
std::optional<Body> plain_neighbour(std::string_view body);
std::optional<Body> plain_queue(std::string_view body);

// Returns the kernel's errno.
Result<int> add_entry(Netlink& netlink, const Table& table, const Body& entry);

}  // namespace nap::agent
