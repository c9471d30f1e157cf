// SPDX-License-Identifier: GPL-2.0-only
// A wire: one connected descriptor, read by one thread, written to by many, stopped by any.
//
// An era lasts from the peer's coming to its going. A socket has one; on a virtio-serial port the peer may
// come back, and what was meant for the one before must not reach it: writes name the era they belong to.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::channel {

class Wire {
  public:
    // Makes the descriptor non-blocking. stall_limit: a write without progress for so long is a timeout; 0:
    // none.
    Wire(UniqueFd fd, std::chrono::milliseconds stall_limit);

    // Both parts whole, nobody else's bytes in between. After an error half of them may be out.
    Result<> write(std::uint64_t era, std::span<const std::byte> head, std::span<const std::byte> tail);
    // At least one byte; 0 once the peer is away, the era is over or the wire was stopped.
    Result<std::size_t> read(std::uint64_t era, std::span<std::byte> buffer);

    // What went which way, and how long ago the last of it did: for whoever waits in vain.
    [[nodiscard]] std::string activity() const;

    [[nodiscard]] std::uint64_t era() const { return era_; }
    std::uint64_t next_era();  // reads and writes of the era before end from now on
    // Another descriptor, and with it another era; by the reading thread.
    std::uint64_t renew(UniqueFd fd);
    // Until there is a peer again; false once stopped.
    bool await_peer();
    // Wakes all reads and writes, now and for ever; tells the peer.
    void stop();
    void close();  // the descriptor, once stopped and nobody reads
    [[nodiscard]] bool stopped() const { return stopped_; }

  private:
    void wake();
    void hear_wake();
    void tell_peer();  // that we stopped
    int wait(short events,
             int limit_ms);  // poll(2)'s answer for the descriptor, 0 at the limit or when stopped

    struct Passed {
        std::atomic<std::uint64_t> bytes = 0;
        std::atomic<std::chrono::steady_clock::time_point> last;
        void count(std::size_t more);
    };
    Passed sent_, received_;

    UniqueFd fd_, wake_;
    std::chrono::milliseconds stall_limit_;
    bool socket_;
    std::mutex writing_;
    std::mutex renewing_;  // after `writing_`
    std::atomic<std::uint64_t> era_ = 0;
    std::atomic<bool> stopped_ = false;
};

}  // namespace nap::channel
