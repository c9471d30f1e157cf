// SPDX-License-Identifier: GPL-2.0-only
// The other end of a link, that says what it likes.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <functional>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "channel/frame.hpp"
#include "channel/json.hpp"
#include "channel/link.hpp"

namespace nap::test {

// What runs as the peer uses these; they do nothing once the link is down.
class HostilePeer {
  public:
    explicit HostilePeer(UniqueFd fd) : fd_(std::move(fd)) {}

    bool say(std::string_view bytes) {
        while (!bytes.empty()) {
            auto put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (put <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return true;
    }
    bool say(channel::FrameType type, std::uint32_t call, std::string_view payload = {},
             std::uint8_t part = 0) {
        auto bytes = as_bytes(payload);
        auto frame = channel::encode({type, part, call, {bytes.begin(), bytes.end()}});
        return say(std::string_view(reinterpret_cast<const char*>(frame.data()), frame.size()));
    }
    bool reply(std::uint32_t call, std::string_view result) {
        return say(channel::FrameType::reply, call, R"({"result": )" + std::string(result) + "}");
    }
    // The next frame; one of call 0 when the link is down.
    channel::Frame hear() {
        for (;;) {
            if (auto frame = decoder_.next(); frame && *frame) return std::move(**frame);
            std::byte buffer[64 << 10];
            auto got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (got <= 0) return {channel::FrameType::abandon};
            decoder_.feed(std::span(buffer).first(static_cast<std::size_t>(got)));
        }
    }
    // The number of the next call that is begun.
    std::uint32_t hear_call() {
        for (;;) {
            auto frame = hear();
            if (frame.type == channel::FrameType::request || frame.call == 0) return frame.call;
        }
    }
    void wait_for_end() {
        while (hear().call != 0) {
        }
    }

  private:
    UniqueFd fd_;
    channel::Decoder decoder_;
};

// A link to it. stall_limit bounds what waits for a peer that takes nothing.
class HostileLink {
  public:
    explicit HostileLink(std::function<void(HostilePeer&)> behaviour) {
        int ends[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
        link = std::make_unique<channel::Link>(
            UniqueFd(ends[0]), channel::Handler{},
            channel::LinkOptions{.stall_limit = std::chrono::milliseconds(500)});
        thread_ = std::thread([theirs = ends[1], behaviour = std::move(behaviour)] {
            HostilePeer peer{UniqueFd(theirs)};
            behaviour(peer);
        });
    }
    ~HostileLink() {
        link.reset();
        thread_.join();
    }
    std::unique_ptr<channel::Link> link;

  private:
    std::thread thread_;
};

// A field of /proc/self/status: VmRSS in KiB, Threads.
inline long own_status(std::string_view field) {
    auto text = read_file("/proc/self/status", 1 << 16);
    auto at = text ? text->find("\n" + std::string(field) + ":") : std::string::npos;
    return at == std::string::npos ? -1 : std::atol(text->c_str() + at + field.size() + 2);
}

}  // namespace nap::test
