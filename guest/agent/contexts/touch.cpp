// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/touch.hpp"

#include <chrono>
#include <cstring>
#include <variant>
#include <vector>

#include "agent/contexts/adoption.hpp"

namespace nap::agent {

using channel::Json;

namespace {

constexpr std::chrono::minutes kPeerLimit{1};

// The whole ranges among the bytes that came so far; the rest stays.
std::vector<nap_range> take_ranges(std::vector<std::byte>& bytes) {
    std::vector<nap_range> ranges(bytes.size() / sizeof(nap_range));
    const auto taken = ranges.size() * sizeof(nap_range);
    if (taken > 0) std::memcpy(ranges.data(), bytes.data(), taken);
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    return ranges;
}

}  // namespace

Result<Json> touch(Agent& agent, const Json&, channel::Call& call) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    std::vector<std::byte> bytes;
    std::uint64_t pages = 0;
    for (;;) {
        NAP_TRY(const channel::Incoming incoming, call.receive(kPeerLimit));
        if (std::holds_alternative<channel::End>(incoming)) break;
        const auto* data = std::get_if<channel::Data>(&incoming);
        if (data == nullptr) continue;
        bytes.insert(bytes.end(), data->bytes.begin(), data->bytes.end());
        // What waits is bounded by the call's window: pages are read as their ranges come.
        NAP_TRY(const std::uint64_t some, device.touch(take_ranges(bytes)));
        pages += some;
    }
    if (!bytes.empty()) return fail(ErrorKind::protocol, "the ranges of page frames are cut off");
    return Json{{"pages", pages}};
}

}  // namespace nap::agent
