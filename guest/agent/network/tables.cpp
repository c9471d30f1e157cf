// SPDX-License-Identifier: GPL-2.0-only
#include "agent/network/tables.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "agent/carried/hexadecimal.hpp"
#include "agent/network/entries.hpp"

namespace nap::agent {

Result<std::vector<Body>> list_entries(Netlink& netlink, const Table& table) {
    std::vector<Body> entries;
    for (const Body& request : table.requests) {
        auto answers = netlink.dump(table.list, request);
        // A kernel without it has none of it
        if (!answers) continue;
        for (const auto& [type, body] : *answers)
            if (type == table.add)
                if (auto entry = table.plain(body)) entries.push_back(std::move(*entry));
    }
    return entries;
}

Changes changes_to(const std::vector<Body>& now, const std::vector<Body>& wanted, bool ordered) {
    Changes changes;
    if (ordered) {
        const auto [differs_now, differs_wanted] = std::ranges::mismatch(now, wanted);
        changes.remove.assign(differs_now, now.end());
        changes.add.assign(differs_wanted, wanted.end());
        return changes;
    }
    std::map<std::string_view, int> count;
    for (const Body& entry : now) ++count[entry];
    for (const Body& entry : wanted)
        if (count[entry]-- <= 0) changes.add.push_back(entry);
    for (const Body& entry : now)
        if (count[entry] > 0) {
            --count[entry];
            changes.remove.push_back(entry);
        }
    return changes;
}

namespace {

// One may need another: a gateway the route to it. What fails is tried again as long as others succeed.
Result<std::vector<std::string>> add_all(Netlink& netlink, const Table& table, std::vector<Body>& entries) {
    std::vector<std::string> refused;
    for (std::size_t before = 0; !entries.empty() && entries.size() != before;) {
        before = entries.size();
        refused.clear();
        std::vector<Body> left;
        for (Body& entry : entries) {
            NAP_TRY(const int error, add_entry(netlink, table, entry));
            if (error == 0 || error == EEXIST) continue;
            refused.push_back(std::string("one of the machine's ") + table.name +
                              " is lost: " + std::strerror(error) + " (" + to_hexadecimal(entry) + ")");
            left.push_back(std::move(entry));
        }
        entries = std::move(left);
    }
    return refused;
}

Result<> remove_all(Netlink& netlink, const Table& table, const std::vector<Body>& entries) {
    if (!table.exact) return {};
    for (const Body& entry : entries) NAP_CHECK(netlink.change(table.remove, 0, entry));
    return {};
}

}  // namespace

Result<std::vector<std::string>> fill_table(Netlink& netlink, const Table& table,
                                            const std::vector<Body>& wanted) {
    NAP_TRY(const std::vector<Body> now, list_entries(netlink, table));
    Changes changes = changes_to(now, wanted, table.ordered);
    // What goes may have been needed to add another, but in a table with an order it is in the way
    if (table.ordered) NAP_CHECK(remove_all(netlink, table, changes.remove));
    NAP_TRY(auto refused, add_all(netlink, table, changes.add));
    if (table.ordered) return refused;
    NAP_CHECK(remove_all(netlink, table, changes.remove));
    return add_all(netlink, table, changes.add);
}

}  // namespace nap::agent
