// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/proxy.hpp"

#include <atomic>
#include <thread>

namespace nap::supervisor {

namespace {

constexpr channel::Milliseconds kPoll{10};

Result<> forward(const channel::Incoming& incoming, channel::Call& to) {
    if (const auto* data = std::get_if<channel::Data>(&incoming)) return to.send(data->bytes, data->part);
    if (const auto* end = std::get_if<channel::End>(&incoming)) return to.send_end(end->part);
    if (const auto* event = std::get_if<channel::Event>(&incoming)) return to.send_event(event->content);
    return {};
}

}  // namespace

Result<channel::Json> pass_on(channel::Call& client, channel::Link& agent, const std::string& method,
                              const channel::Json& params) {
    NAP_TRY(auto call, agent.start(method, params));
    std::atomic<bool> client_gone = false;
    // Events overtake data: a signal must not wait behind input that nobody reads.
    std::jthread events([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            auto event = client.receive_event(kPoll);
            if (event && !call->send_event(event->content)) return;
            if (!event && event.error().kind != ErrorKind::timeout) return;
        }
    });
    std::jthread data([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            auto incoming = client.receive(kPoll);
            if (!incoming && incoming.error().kind == ErrorKind::timeout) continue;
            if (!incoming || !forward(*incoming, *call)) {
                client_gone = !incoming;
                return;
            }
        }
    });
    for (;;) {
        auto incoming = call->receive(kPoll);
        if (client_gone) return fail(ErrorKind::not_found, "the client went away");
        if (!incoming && incoming.error().kind == ErrorKind::timeout) continue;
        if (!incoming) return std::unexpected(incoming.error());
        if (auto* reply = std::get_if<channel::Reply>(&*incoming)) return std::move(reply->result);
        if (!forward(*incoming, client)) return fail(ErrorKind::not_found, "the client went away");
    }
}

}  // namespace nap::supervisor
