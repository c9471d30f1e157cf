// SPDX-License-Identifier: GPL-2.0-only
// A link: calls over one connection. Either side may start calls; both directions of a call carry data parts,
// events and, last, one reply. Threads: one reads the connection, each incoming call runs in a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::channel {

using Json = nlohmann::json;
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

class Connection;  // private to link.cpp

// One call, seen from either side. Flow control is inside: send() waits while the peer has not taken
// kWindow bytes; receive() grants them back.
class Call {
  public:
    ~Call();  // the starting side: abandons the call (the peer's sends fail with not_found)
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    Result<> send(std::span<const std::byte> bytes, std::uint8_t part = 0);  // any length; split into frames
    Result<> send_end(std::uint8_t part = 0);
    Result<> send_event(const Json& content);
    // The next thing from the peer; ErrorKind::timeout after the limit, ErrorKind::io once the link is down.
    // The answering side never sees Reply; it sees ErrorKind::not_found once the peer abandoned the call.
    Result<Incoming> receive(Milliseconds limit);
    // Starting side: reads to the reply, dropping data; events go to `on_event` if set.
    Result<Json> finish(Milliseconds limit, const std::function<void(const Json&)>& on_event = {});

  private:
    friend class Connection;
    friend class Link;
    Call(std::shared_ptr<Connection> connection, std::uint32_t id, bool ours);
    struct State;
    std::shared_ptr<Connection> connection_;
    std::shared_ptr<State> state_;
};

// Answers calls: the returned value or error becomes the reply.
using Handler = std::function<Result<Json>(const std::string& method, const Json& params, Call& call)>;

struct LinkOptions {
    bool starts_even = false;                    // ids of our calls: even or odd; the two ends must differ
    std::size_t calls_at_once = 64;              // incoming calls over this are refused (busy)
    std::function<void(const Error&)> on_down;   // called once, from the reading thread
};

class Link {
  public:
    static constexpr std::size_t kWindow = 1024 * 1024;  // bytes of data per call and direction under way

    // Takes over a connected descriptor (stream socket or virtio-serial port).
    Link(UniqueFd connection, Handler handler, LinkOptions options = {});
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    Result<std::unique_ptr<Call>> start(std::string method, const Json& params = Json::object());
    // Starts a call without data and waits for its reply.
    Result<Json> call(std::string method, const Json& params, Milliseconds limit);
    [[nodiscard]] bool up() const;
    void shut_down();

  private:
    std::shared_ptr<Connection> connection_;
};

// Unix sockets (path at most 107 bytes: a longer one is a usage error that names the path).
Result<UniqueFd> listen_unix(const std::string& path);    // mode 0600, replaces a stale socket
Result<UniqueFd> connect_unix(const std::string& path);
Result<UniqueFd> accept_unix(int listener);

}  // namespace nap::channel
