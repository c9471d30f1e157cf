// SPDX-License-Identifier: GPL-2.0-only
#include "tests/channel/ends.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace nap::channel::test {

using namespace std::chrono_literals;

Pair sockets() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<Json> answer(const std::string& method, const Json& params, Call& call) {
    if (method == "echo") return params;
    if (method == "refuse") return fail(ErrorKind::refused, "not today");
    if (method == "throw") return params.at("missing");
    if (method == "sink") {  // counts data up to the end
        std::uint64_t count = 0;
        for (;;) {
            NAP_TRY(auto incoming, call.receive(60s));
            if (auto data = std::get_if<Data>(&incoming)) count += data->bytes.size();
            if (std::holds_alternative<End>(incoming)) return count;
        }
    }
    if (method == "source") {  // sends that many bytes
        std::vector<std::byte> block(100'000, std::byte{'x'});
        for (std::uint64_t left = params.value("bytes", 0ULL); left > 0;) {
            auto count = std::min<std::uint64_t>(left, block.size());
            NAP_CHECK(call.send(std::span(block).first(count), 1));
            left -= count;
        }
        NAP_CHECK(call.send_end(1));
        return "sent";
    }
    if (method == "wait") {  // until something comes
        NAP_TRY(auto incoming, call.receive(60s));
        return incoming.index();
    }
    if (method == "signals") {  // takes events only
        NAP_TRY(auto event, call.receive_event(60s));
        return event.content;
    }
    if (method == "progress") {
        for (int i = 0; i < params.value("events", 0); ++i) NAP_CHECK(call.send_event({{"step", i}}));
        return "done";
    }
    return fail(ErrorKind::not_found, "there is no method " + method);
}

}  // namespace nap::channel::test
