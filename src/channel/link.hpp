// SPDX-License-Identifier: GPL-2.0-only
// A link: calls over one connection. Either side may start calls; both directions of a call carry data parts,
// events and, last, one reply. Threads: one reads the connection, each incoming call runs in a thread of its
// own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "channel/json.hpp"
#include "channel/unix_socket.hpp"

namespace nap::channel {

using Milliseconds = std::chrono::milliseconds;

// What a side receives within a call.
struct Data {
    std::uint8_t part;
    std::vector<std::byte> bytes;
};
struct End {
    std::uint8_t part;
};
struct Event {
    Json content;
};
struct Reply {
    Result<Json> result;
};
using Incoming = std::variant<Data, End, Event, Reply>;

class Connection;  // connection.hpp, private

// One call, seen from either side; any thread may send, one may receive. Flow control is inside: send() waits
// while the peer has not taken kWindow bytes; receive() grants them back. Events have a window of their own,
// so that a signal overtakes data nobody reads.
class Call {
  public:
    ~Call();  // the starting side: abandons the call (the peer's sends fail with not_found)
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    // All of them fail with ErrorKind::not_found once the call is over (replied, abandoned; where the peer
    // replied early, finish() has the reason), with io once the link is down.
    Result<> send(std::span<const std::byte> bytes, std::uint8_t part = 0);  // any length; split into frames
    Result<> send_end(std::uint8_t part = 0);
    Result<> send_event(const Json& content);  // at most kMaxEvent bytes as JSON
    // The next thing from the peer; ErrorKind::timeout after the limit, ErrorKind::io once the link is down.
    // The answering side never sees Reply; it sees ErrorKind::not_found once the peer abandoned the call.
    Result<Incoming> receive(Milliseconds limit);
    // The next event, past data that stay where they are: for a side that cannot take more data just now.
    Result<Event> receive_event(Milliseconds limit);
    // Starting side: reads to the reply, dropping data; events go to `on_event` if set. The limit is for all
    // of it.
    Result<Json> finish(Milliseconds limit, const std::function<void(const Json&)>& on_event = {});

  private:
    friend class Connection;
    friend class Link;
    struct State;
    Call(std::shared_ptr<Connection> connection, std::shared_ptr<State> state);
    Result<Incoming> take(Milliseconds limit, bool events_only);
    std::shared_ptr<Connection> connection_;
    std::shared_ptr<State> state_;
};

// Answers calls: the returned value or error becomes the reply (an exception: ErrorKind::internal).
using Handler = std::function<Result<Json>(const std::string& method, const Json& params, Call& call)>;

struct LinkOptions {
    bool starts_even = false;        // ids of our calls: even or odd; the two ends must differ
    std::size_t calls_at_once = 64;  // incoming calls over this are refused (busy)
    // A virtio-serial port, in the guest: end of file means that the host is away. Calls end with
    // ErrorKind::io and the link waits until the host is back, rather than going down; bad frames count as
    // the host's going, too.
    bool reconnects = false;
    // Connects with whoever is the peer after lose_peer(), from the reading thread. None, or an error: the
    // link goes down.
    std::function<Result<UniqueFd>()> redial = {};
    // A send that makes no progress for so long fails (timeout), and the link goes down if half a frame is
    // out.
    Milliseconds stall_limit{0};  // 0: none
    // From the reading thread, when the link goes down other than by shut_down() or its destructor (with
    // `reconnects` or `redial`: each time the peer goes). It must not destroy the link.
    std::function<void(const Error&)> on_down = {};
};

// The destructor shuts down and waits for the handlers that run (their receive and send fail); it must not be
// called from one of them.
class Link {
  public:
    static constexpr std::size_t kWindow = 1024 * 1024;      // bytes of data per call and direction under way
    static constexpr std::size_t kEventWindow = 256 * 1024;  // the same for events
    static constexpr std::size_t kMaxEvent = 64 * 1024;

    // Takes over a connected descriptor (stream socket or virtio-serial port).
    Link(UniqueFd connection, Handler handler, LinkOptions options = {});
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    Result<std::unique_ptr<Call>> start(const std::string& method, const Json& params = Json::object());
    // Starts a call without data and waits for its reply.
    Result<Json> call(const std::string& method, const Json& params, Milliseconds limit);
    [[nodiscard]] bool up() const;
    // Down for good, and no handler runs any more: the destructor would not wait.
    [[nodiscard]] bool finished();
    void shut_down();
    // The peer has ended, though the connection has not, for there is somebody between who holds it: calls
    // end with ErrorKind::io and that reason. The link goes on with whom `redial` finds.
    void lose_peer(Error why);

  private:
    std::shared_ptr<Connection> connection_;
};

}  // namespace nap::channel
