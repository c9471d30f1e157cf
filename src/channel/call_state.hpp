// SPDX-License-Identifier: GPL-2.0-only
// The state of one call: what came in and was not taken yet, and how much either side may still send.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "channel/frame.hpp"
#include "channel/link.hpp"

namespace nap::channel {

// A frame of data or an event costs its header too, so that small ones cannot fill memory for nothing.
constexpr std::uint64_t cost_of(std::size_t payload) {
    return kHeaderSize + payload;
}

// Credit in both directions of a call, for data or for events.
class Flow {
  public:
    explicit Flow(std::uint64_t window) : window_(window), may_send_(window), may_receive_(window) {}

    [[nodiscard]] std::uint64_t may_send() const { return may_send_; }
    void sent(std::uint64_t cost) { may_send_ -= cost; }
    void granted(std::uint32_t cost) { may_send_ = std::min<std::uint64_t>(may_send_ + cost, 1ULL << 32); }

    // False if the peer sends more than it may.
    [[nodiscard]] bool received(std::uint64_t cost) {
        if (cost > may_receive_) return false;
        may_receive_ -= cost;
        return true;
    }
    // What to grant the peer now that something was taken; 0 until it is worth a frame.
    [[nodiscard]] std::uint32_t taken(std::uint64_t cost) {
        taken_ += cost;
        if (taken_ < window_ / 4) return 0;
        may_receive_ += taken_;
        return static_cast<std::uint32_t>(std::exchange(taken_, 0));
    }

  private:
    std::uint64_t window_, may_send_, may_receive_, taken_ = 0;
};

struct Call::State {
    State(std::uint32_t number, bool started_here, std::uint64_t of_era)
        : id(number), ours(started_here), era(of_era) {}

    // From the reading thread. An error: the peer broke the rules.
    Result<> receive(Frame frame);
    // Nothing more comes in, sends fail. What is queued can still be taken, unless `forget`.
    void close(Error why, bool forget = false);

    Flow& flow(Credit credit) { return credit == Credit::data ? data : events; }

    const std::uint32_t id;
    const bool ours;
    const std::uint64_t era;  // of the wire

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Frame> queue;  // data, end, event, reply
    std::optional<Error> over;
    std::array<bool, kParts> ended{};
    Flow data{Link::kWindow}, events{Link::kEventWindow};
};

}  // namespace nap::channel
