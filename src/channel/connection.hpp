// SPDX-License-Identifier: GPL-2.0-only
// A connection: the wire, the calls that live on it, the thread that reads it and the threads that answer.
// Locks: a call's state may be locked under `mutex_`, never the other way round; neither while writing.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "channel/call_state.hpp"
#include "channel/wire.hpp"

namespace nap::channel {

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(UniqueFd fd, Handler handler, LinkOptions options);

    void run();                                  // starts the reading thread
    void shut_down();                            // as its owner wishes
    void end_era(std::uint64_t era, Error why);  // because of its peer: on_down tells; nothing if it is over
    void lose_peer(Error why);
    void join();  // all threads; after shut_down
    [[nodiscard]] bool up() const { return !wire_.stopped(); }
    [[nodiscard]] bool finished();  // down for good, and nothing is being answered
    [[nodiscard]] std::string activity() const { return wire_.activity(); }

    Result<std::unique_ptr<Call>> start(const std::string& method, const Json& params);
    void abandon(Call::State& call);
    // Waits until `least` bytes may be sent; takes up to `wanted`. An error once the call is over.
    Result<std::size_t> reserve(Call::State& call, Credit credit, std::size_t wanted, std::size_t least);
    Result<> write(const Call::State& call, FrameType type, std::uint8_t part,
                   std::span<const std::byte> payload);

  private:
    using Calls = std::map<std::uint32_t, std::shared_ptr<Call::State>>;
    struct Answering {
        std::thread thread;
        std::atomic<bool> done = false;
    };

    void read_eras();
    Error read_era(std::uint64_t era);  // why it ended
    // The era that follows, of a peer that comes back or another; none: the link is down.
    std::optional<std::uint64_t> begin_anew(Error& why);
    Result<> take(Frame frame);
    Result<> take_request(Frame frame);
    void answer(const std::shared_ptr<Call::State>& call, const std::string& method, const Json& params);
    void reply(Call::State& call, const std::string& method, const Result<Json>& result);
    Result<> refuse(std::shared_ptr<Call::State> call);
    void write_refusals(std::shared_ptr<Call::State> next);
    Result<Json> ask_handler(const std::string& method, const Json& params, Call& call);
    void close_calls(const Error& why);
    void remove(const Call::State& call);
    void join_finished();
    [[nodiscard]] bool is_ours(std::uint32_t id) const { return (id % 2 == 0) == options_.starts_even; }

    const Handler handler_;
    const LinkOptions options_;
    Wire wire_;
    std::thread reader_;
    std::uint64_t era_read_ = 0;  // the reading thread's

    std::mutex mutex_;
    Calls calls_;
    std::uint32_t next_id_;
    bool closed_ = false;           // no call begins any more
    std::optional<Error> failure_;  // what the link went down of, other than its owner's wish
    bool wished_ = false;           // shut down by its owner
    bool peer_lost_ = false;        // by lose_peer(): to be dialled again

    std::list<Answering> answering_;  // the reading thread's, then join()'s
    // Calls over the limit, until a thread that writes nothing else has said so; under `mutex_`.
    std::deque<std::shared_ptr<Call::State>> refused_;
    std::thread refusing_;  // the reading thread's, then join()'s
    bool refuses_ = false;
    std::atomic<std::size_t> at_work_ = 0;  // of them, those not done
};

}  // namespace nap::channel
