// SPDX-License-Identifier: GPL-2.0-only
#include "channel/call_state.hpp"

namespace nap::channel {

Result<> Call::State::receive(Frame frame) {
    std::lock_guard lock(mutex);
    if (over) return {};
    auto cost = cost_of(frame.payload.size());
    switch (frame.type) {
        case FrameType::data:
            if (ended[frame.part]) return fail(ErrorKind::protocol, "the peer sent data after their end");
            if (!data.received(cost)) return fail(ErrorKind::protocol, "the peer sent more data than it may");
            break;
        case FrameType::end:
            if (ended[frame.part]) return fail(ErrorKind::protocol, "the peer ended the same data twice");
            ended[frame.part] = true;
            break;
        case FrameType::event:
            if (!events.received(cost))
                return fail(ErrorKind::protocol, "the peer sent more events than it may");
            break;
        case FrameType::credit:
            flow(static_cast<Credit>(frame.part)).granted(decode_u32(std::span(frame.payload).first<4>()));
            changed.notify_all();
            return {};
        case FrameType::reply:
            over = Error{ErrorKind::not_found, "the peer has replied, the call is over"};
            break;
        case FrameType::request:
        case FrameType::abandon:
            return fail(ErrorKind::internal, "not a frame within a call");
    }
    queue.push_back(std::move(frame));
    changed.notify_all();
    return {};
}

void Call::State::close(Error why, bool forget) {
    std::lock_guard lock(mutex);
    if (!over) over = std::move(why);
    if (forget) queue.clear();
    changed.notify_all();
}

}  // namespace nap::channel
