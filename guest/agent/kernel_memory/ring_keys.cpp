// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/ring_keys.hpp"

#include <limits>

namespace nap::agent {

namespace {

constexpr std::size_t kLongestText = 4096;
constexpr int kDepthLimit = 64;
constexpr std::uint64_t kSlots = 16;  // ASSOC_ARRAY_FAN_OUT
// In a pointer of an associative array: not to a leaf; not to a node. In one to a leaf: a ring.
constexpr std::uint64_t kInner = 1, kShortcut = 2, kRing = 2;

Result<std::string> read_text(const RunningKernel& kernel, std::uint64_t at) {
    std::string text;
    while (text.size() < kLongestText) {
        NAP_TRY(const char next, kernel.value<char>(at + text.size()));
        if (next == '\0') break;
        text += next;
    }
    return text;
}

Result<> read_payload(const RunningKernel& kernel, std::uint64_t at, UserKey& key) {
    NAP_TRY(const auto within, kernel.fields().offset("key", "payload"));
    NAP_TRY(const auto payload, kernel.value<std::uint64_t>(at + within));
    if (payload == 0) return {};
    NAP_TRY(const auto size, kernel.field<std::uint16_t>(payload, "user_key_payload", "datalen"));
    NAP_TRY(const auto data, kernel.fields().offset("user_key_payload", "data"));
    NAP_TRY(key.payload, kernel.bytes(payload + data, size));
    return {};
}

Result<> read_leaf(const RunningKernel& kernel, std::uint64_t leaf, RingLinks& links) {
    const std::uint64_t at = leaf & ~kRing;
    NAP_TRY(const auto type, kernel.field(at, "key", "type"));
    NAP_TRY(const auto type_name_at, kernel.field(type, "key_type", "name"));
    const auto type_name = read_text(kernel, type_name_at);
    if (!type_name) return std::unexpected(type_name.error());
    if (*type_name != "user") {
        links.others = true;
        return {};
    }
    UserKey key;
    NAP_TRY(key.serial, kernel.field<std::int32_t>(at, "key", "serial"));
    NAP_TRY(key.uid, kernel.field<std::uint32_t>(at, "key", "uid"));
    NAP_TRY(key.gid, kernel.field<std::uint32_t>(at, "key", "gid"));
    NAP_TRY(key.permissions, kernel.field<std::uint32_t>(at, "key", "perm"));
    NAP_TRY(key.expires, kernel.field<std::int64_t>(at, "key", "expiry"));
    if (key.expires == std::numeric_limits<std::int64_t>::max()) key.expires = 0;  // from 6.7 on
    NAP_TRY(key.description, read_key_description(kernel, at));
    NAP_CHECK(read_payload(kernel, at, key));
    links.keys.push_back(std::move(key));
    return {};
}

Result<> walk(const RunningKernel& kernel, std::uint64_t pointer, int depth, RingLinks& links) {
    if (pointer == 0) return {};
    if (depth > kDepthLimit) return fail(ErrorKind::protocol, "a key ring has no end");
    if ((pointer & kInner) == 0) return read_leaf(kernel, pointer, links);
    const std::uint64_t at = pointer & ~(kInner | kShortcut);
    if ((pointer & kShortcut) != 0) {
        NAP_TRY(const auto next, kernel.field(at, "assoc_array_shortcut", "next_node"));
        return walk(kernel, next, depth + 1, links);
    }
    NAP_TRY(const auto slots, kernel.fields().offset("assoc_array_node", "slots"));
    for (std::uint64_t slot = 0; slot < kSlots; ++slot) {
        NAP_TRY(const auto next, kernel.value<std::uint64_t>(at + slots + slot * sizeof(std::uint64_t)));
        NAP_CHECK(walk(kernel, next, depth + 1, links));
    }
    return {};
}

}  // namespace

Result<std::string> read_key_description(const RunningKernel& kernel, std::uint64_t key) {
    NAP_TRY(const auto at, kernel.field(key, "key", "description"));
    return read_text(kernel, at);
}

Result<RingLinks> read_ring_links(const RunningKernel& kernel, std::uint64_t ring) {
    RingLinks links;
    NAP_TRY(const auto within, kernel.fields().offset("key", "keys"));
    NAP_TRY(const auto root, kernel.field(ring + within, "assoc_array", "root"));
    NAP_CHECK(walk(kernel, root, 0, links));
    return links;
}

}  // namespace nap::agent
