// SPDX-License-Identifier: GPL-2.0-only
// A call's two directions, as its user sees them.
#include <algorithm>

#include "channel/connection.hpp"

namespace nap::channel {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kChunk = 64 * 1024;  // of data per frame: small enough that calls take turns
constexpr std::size_t kWorthSending = 4 * 1024;

Clock::time_point deadline_after(Milliseconds limit) {
    return Clock::now() + std::clamp<Milliseconds>(limit, Milliseconds(0), std::chrono::hours(24 * 365));
}

}  // namespace

Call::Call(std::shared_ptr<Connection> connection, std::shared_ptr<State> state)
    : connection_(std::move(connection)), state_(std::move(state)) {}

Call::~Call() {
    if (state_->ours) connection_->abandon(*state_);
}

Result<> Call::send(std::span<const std::byte> bytes, std::uint8_t part) {
    while (!bytes.empty()) {
        auto wanted = std::min(bytes.size(), kChunk);
        NAP_TRY(std::size_t count,
                connection_->reserve(*state_, Credit::data, wanted, std::min(wanted, kWorthSending)));
        NAP_CHECK(connection_->write(*state_, FrameType::data, part, bytes.first(count)));
        bytes = bytes.subspan(count);
    }
    return {};
}

Result<> Call::send_end(std::uint8_t part) {
    NAP_CHECK(connection_->reserve(*state_, Credit::data, 0, 0));  // only whether the call is over
    return connection_->write(*state_, FrameType::end, part, {});
}

Result<> Call::send_event(const Json& content) {
    auto text = dump_json(content);
    if (text.size() > Link::kMaxEvent)
        return fail(ErrorKind::internal, "an event of " + std::to_string(text.size()) + " bytes is too long");
    NAP_CHECK(connection_->reserve(*state_, Credit::event, text.size(), text.size()));
    return connection_->write(*state_, FrameType::event, 0, as_bytes(text));
}

Result<Incoming> Call::take(Milliseconds limit, bool events_only) {
    Frame frame;
    std::uint32_t grant = 0;
    {
        std::unique_lock lock(state_->mutex);
        auto& queue = state_->queue;
        auto found = queue.end();
        auto arrived = [&] {
            found = events_only ? std::ranges::find(queue, FrameType::event, &Frame::type) : queue.begin();
            return found != queue.end() || state_->over;
        };
        if (!state_->changed.wait_until(lock, deadline_after(limit), arrived))
            return fail(ErrorKind::timeout,
                        "the peer sent nothing for " + std::to_string(limit.count()) + " ms");
        if (found == queue.end()) return std::unexpected(*state_->over);
        frame = std::move(*found);
        queue.erase(found);
        auto cost = cost_of(frame.payload.size());
        if (frame.type == FrameType::data) grant = state_->data.taken(cost);
        if (frame.type == FrameType::event) grant = state_->events.taken(cost);
        if (state_->over) grant = 0;
    }
    // A failure to grant shows in what comes next
    auto credit = frame.type == FrameType::event ? Credit::event : Credit::data;
    if (grant > 0)
        (void)connection_->write(*state_, FrameType::credit, static_cast<std::uint8_t>(credit),
                                 encode_u32(grant));

    switch (frame.type) {
        case FrameType::data:
            return Data{frame.part, std::move(frame.payload)};
        case FrameType::end:
            return End{frame.part};
        default:
            break;
    }
    auto json = parse_json(frame.payload);
    if (!json) {
        connection_->end_era(state_->era, json.error().within("the peer sent what is not understood"));
        return std::unexpected(json.error());
    }
    if (frame.type == FrameType::event) return Event{std::move(*json)};
    return Reply{reply_from_json(*json)};
}

Result<Incoming> Call::receive(Milliseconds limit) {
    return take(limit, false);
}

Result<Event> Call::receive_event(Milliseconds limit) {
    NAP_TRY(Incoming incoming, take(limit, true));
    return std::get<Event>(std::move(incoming));
}

Result<Json> Call::finish(Milliseconds limit, const std::function<void(const Json&)>& on_event) {
    auto deadline = deadline_after(limit);
    for (;;) {
        auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
        NAP_TRY(Incoming incoming, receive(std::max(left, Milliseconds(0))));
        if (auto reply = std::get_if<Reply>(&incoming)) return std::move(reply->result);
        if (auto event = std::get_if<Event>(&incoming); event && on_event) on_event(event->content);
    }
}

}  // namespace nap::channel
