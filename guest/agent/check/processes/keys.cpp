// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/keys.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "agent/calls/log.hpp"
#include "agent/kernel_memory/session_rings.hpp"

namespace nap::agent {

namespace {

constexpr std::array<std::string_view, 5> kTypes = {"user", "logon", "big_key", "encrypted", "trusted"};
constexpr std::string_view kOfTheKernel = "opal-boot-pin";  // its driver of self-encrypting disks makes it
constexpr int kDepthLimit = 64;
constexpr std::size_t kLongestText = 256;

Result<std::string> text_at(const RunningKernel& kernel, std::uint64_t address) {
    std::string text;
    while (text.size() < kLongestText) {
        NAP_TRY(const char next, kernel.value<char>(address + text.size()));
        if (next == '\0') break;
        text += next >= ' ' && next <= '~' ? next : '?';
    }
    return text;
}

// Type and owner, with the descriptions of the keys that have both: a session's may be hundreds.
using Keys = std::map<std::pair<std::string, std::uint32_t>, std::vector<std::string>>;

Obstacle obstacle_of(const std::string& type, std::uint32_t uid, const std::vector<std::string>& keys) {
    const std::string which = type + " \"" + keys.front() + "\"" + (keys.size() > 1 ? " and others" : "") +
                              " of user " + std::to_string(uid);
    const std::string how_many = keys.size() > 1 ? std::to_string(keys.size()) + " keys" : "a key";
    return {0,
            "",
            {how_many + " in the kernel's key rings (" + which + ")", "Key rings are not carried over.",
             "Remove it (keyctl unlink), or end the session it belongs to."}};
}

// The serial numbers of rings and keys that are carried.
using Carried = std::set<std::int32_t>;

Result<Carried> rings_of_sessions() {
    NAP_TRY(const SessionRingSearch* search, SessionRingSearch::get());
    NAP_TRY(const auto rings, search->run());
    Carried serials;
    for (const SessionRing& ring : rings) {
        serials.insert(ring.serial);
        for (const UserKey& key : ring.links.keys) serials.insert(key.serial);
    }
    return serials;
}

Result<> look_at(const RunningKernel& kernel, std::uint64_t key, const Carried& carried, Keys& found) {
    NAP_TRY(const auto users, kernel.field<std::int32_t>(key, "key", "usage"));
    if (users == 0) return {};  // about to be collected
    NAP_TRY(const std::uint64_t type, kernel.field(key, "key", "type"));
    NAP_TRY(const std::uint64_t type_name, kernel.field(type, "key_type", "name"));
    NAP_TRY(const std::uint64_t description_at, kernel.field(key, "key", "description"));
    NAP_TRY(const std::string name, text_at(kernel, type_name));
    NAP_TRY(const std::string description, text_at(kernel, description_at));
    if (!is_programs_key(name, description)) return {};
    NAP_TRY(const auto serial, kernel.field<std::int32_t>(key, "key", "serial"));
    if (carried.contains(serial)) return {};
    NAP_TRY(const auto uid, kernel.field<std::uint32_t>(key, "key", "uid"));
    found[{name, uid}].push_back(description);
    return {};
}

Result<> walk(const RunningKernel& kernel, std::uint64_t node, int depth, const Carried& carried,
              Keys& found) {
    if (node == 0) return {};
    if (depth > kDepthLimit) return fail(ErrorKind::protocol, "the tree of keys has no end");
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("key", "serial_node"));
    NAP_TRY(const std::uint64_t left, kernel.field(node, "rb_node", "rb_left"));
    NAP_TRY(const std::uint64_t right, kernel.field(node, "rb_node", "rb_right"));
    NAP_CHECK(look_at(kernel, node - within, carried, found));
    NAP_CHECK(walk(kernel, left, depth + 1, carried, found));
    return walk(kernel, right, depth + 1, carried, found);
}

}  // namespace

bool is_programs_key(std::string_view type, std::string_view description) {
    if (type == "keyring") return !description.starts_with(".") && !description.starts_with("_");
    if (description == kOfTheKernel) return false;
    return std::ranges::find(kTypes, type) != kTypes.end();
}

void find_keys(const RunningKernel& kernel, Obstacles& obstacles) {
    const auto tree = kernel.symbol("key_serial_tree");
    if (!tree) return;  // a kernel without key rings
    Keys found;
    const auto carried = rings_of_sessions();
    if (!carried) log("cannot look for key rings of sessions: " + carried.error().message);
    auto root = kernel.value<std::uint64_t>(*tree);
    const Result<> walked =
        root ? walk(kernel, *root, 0, carried.value_or(Carried()), found) : std::unexpected(root.error());
    if (!walked) log("cannot look for keys: " + walked.error().message);
    for (const auto& [kind, keys] : found) obstacles.push_back(obstacle_of(kind.first, kind.second, keys));
}

}  // namespace nap::agent
