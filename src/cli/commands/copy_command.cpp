// SPDX-License-Identifier: GPL-2.0-only
// nap cp: files and folders into a machine and out of it.
#include "channel/tree.hpp"
#include "cli/command.hpp"
#include "cli/machines.hpp"
#include "cli/session/deferred_signals.hpp"

namespace nap::cli {

namespace {

using namespace std::chrono_literals;

constexpr channel::Milliseconds kPeerLimit = 10min;

struct CopyOptions {
    std::string from, to;
};

// NAME:PATH; a local path with a colon is written ./a:b.
struct Place {
    std::string machine;  // empty: here
    std::string path;
};

Result<Place> parse_place(const std::string& text) {
    auto colon = text.find(':');
    if (colon == std::string::npos || text.find('/') < colon || text.starts_with('.')) return Place{"", text};
    Place place{text.substr(0, colon), text.substr(colon + 1)};
    if (place.machine.empty() || !place.path.starts_with('/'))
        return fail(ErrorKind::usage, "'" + text + "' must have the form NAME:/ABSOLUTE/PATH");
    return place;
}

Result<> put(channel::Call& call, const std::string& local) {
    auto sent = channel::send_tree(local, [&](std::span<const std::byte> bytes) { return call.send(bytes); });
    if (sent) sent = call.send_end();
    // An early reply says better why it could not go on
    if (!sent && sent.error().kind != ErrorKind::not_found) return sent;
    auto reply = call.finish(sent ? kPeerLimit : channel::Milliseconds(1s));
    if (reply) return sent;
    if (!sent && reply.error().kind == ErrorKind::timeout) return sent;
    return std::unexpected(reply.error());
}

Result<channel::Incoming> receive(channel::Call& call, const DeferredSignals& signals) {
    constexpr channel::Milliseconds kPoll = 100ms;
    for (auto left = kPeerLimit; left > kPoll; left -= kPoll) {
        if (signals.came()) return fail(ErrorKind::refused, "it was interrupted");
        auto incoming = call.receive(kPoll);
        if (incoming || incoming.error().kind != ErrorKind::timeout) return incoming;
    }
    return call.receive(kPoll);
}

// The name is what was asked for: a machine does not choose which file here it replaces.
Result<> get(channel::Call& call, const std::string& remote, const std::string& local,
             const DeferredSignals& signals) {
    channel::TreeReceiver receiver(local, {}, channel::name_of_root(remote));
    for (;;) {
        NAP_TRY(auto incoming, receive(call, signals));
        if (auto* data = std::get_if<channel::Data>(&incoming)) NAP_CHECK(receiver.feed(data->bytes));
        if (auto* reply = std::get_if<channel::Reply>(&incoming)) {
            if (!reply->result) return std::unexpected(reply->result.error());
            if (!receiver.complete())
                return fail(ErrorKind::protocol,
                            "the machine sent less than it announced, at " + receiver.path());
            return {};
        }
    }
}

Result<int> copy(const Context& context, const CopyOptions& options) {
    NAP_TRY(Place from, parse_place(options.from));
    NAP_TRY(Place to, parse_place(options.to));
    if (from.machine.empty() == to.machine.empty())
        return fail(ErrorKind::usage, "cp takes one place here and one in a machine: nap cp FILE NAME:/PATH");
    bool into = from.machine.empty();
    std::error_code error;
    if (into && !std::filesystem::exists(from.path, error))
        return fail(ErrorKind::not_found, "there is no file " + from.path);

    const auto& there = into ? to : from;
    std::optional<DeferredSignals> signals;  // outlives the receiver and its unfinished file
    if (!into) signals.emplace();
    NAP_TRY(auto link, connect_supervisor(context, there.machine));
    NAP_TRY(auto call, link->start(into ? "put" : "get", {{"path", there.path}}));
    auto done = into ? put(*call, from.path) : get(*call, from.path, to.path, *signals);
    if (!done)
        return std::unexpected(done.error().within("cannot copy " + options.from + " to " + options.to));
    return 0;
}

}  // namespace

void add_copy(Commands& commands) {
    auto& command = commands.add("cp", "Copy files and folders into a machine or out of it",
                                 "nap cp ./site web1:/var/www\n  nap cp web1:/var/log/syslog .");
    auto options = std::make_shared<CopyOptions>();
    command
        .add_option("FROM", options->from,
                    "A file or folder here, or NAME:/PATH; FOLDER/. means what the folder holds")
        ->required();
    command
        .add_option(
            "TO", options->to,
            "NAME:/PATH, or a place here. A folder there takes FROM in under its own name, else TO is the "
            "copy. Regular files are replaced (owner and mode stay), each only once the new one is "
            "whole; devices, FIFOs and sockets never")
        ->required();
    commands.act(command, options, copy);
}

}  // namespace nap::cli
