// SPDX-License-Identifier: GPL-2.0-only
// Tables: what the kernel's network keeps, each listed, added to and removed from by messages of its own.
#pragma once

#include <optional>

#include "agent/network/netlink.hpp"

namespace nap::agent {

struct Table {
    const char* name;  // of its entries, as a person reads it
    int list, add, remove;
    // What asks for the entries, one request each.
    std::vector<Body> requests;
    // An entry as it is compared, kept, and asked for again: without counters, ages, states of links. Nothing
    // where the kernel keeps it by itself.
    std::optional<Body> (*plain)(std::string_view body);
    int flags;     // of adding
    bool exact;    // what was not there before is removed
    bool ordered;  // among those of the same kind the order counts
};

// In the order in which they can be filled.
const std::vector<Table>& tables();

// In this thread's network namespace.
Result<std::vector<Body>> list_entries(Netlink& netlink, const Table& table);
// What could not be added, a sentence each.
Result<std::vector<std::string>> fill_table(Netlink& netlink, const Table& table,
                                            const std::vector<Body>& wanted);

// What must go of `now`, and be added to what stays, in this order, so that it becomes `wanted`.
struct Changes {
    std::vector<Body> remove, add;
};
Changes changes_to(const std::vector<Body>& now, const std::vector<Body>& wanted, bool ordered);

}  // namespace nap::agent
