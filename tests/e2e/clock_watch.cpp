// SPDX-License-Identifier: GPL-2.0-only
#include "e2e/clock_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <sstream>

namespace nap::e2e {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRoundTrips = 50;

std::string read_line(int fd) {
    std::string line;
    for (char character = 0; line.empty() || line.back() != '\n'; line += character) {
        pollfd ready{fd, POLLIN, 0};
        if (::poll(&ready, 1, 60'000) <= 0 || ::read(fd, &character, 1) != 1) return {};
    }
    return line;
}

}  // namespace

ClockAhead watch_clocks(const Machine& machine) {
    auto questions = make_pipe(), answers = make_pipe();
    if (!questions || !answers) throw std::runtime_error("no pipes");
    Command command;
    command.argv =
        nap_argv({"exec", "-i", machine.name(), "--", "/opt/nap-test/guest-states", "tell-clocks"});
    command.descriptors = {{questions->read.get(), 0}, {answers->write.get(), 1}};
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    ClockAhead shortest{.within = std::chrono::hours(1)};
    for (int i = 0; i < kRoundTrips; ++i) {
        const auto asked = Clock::now();
        if (!write_all(questions->write.get(), std::string_view("\n"))) break;
        std::istringstream line(read_line(answers->read.get()));
        const auto within = Clock::now() - asked;
        ClockAhead read{.within = within};
        if (!(line >> read.monotonic >> read.boottime >> read.realtime)) break;
        if (within >= shortest.within) continue;
        const auto host = std::chrono::nanoseconds((asked + within / 2).time_since_epoch()).count();
        read.monotonic -= host;
        read.boottime -= host;
        read.realtime -= host;
        shortest = read;
    }
    questions->write.reset();
    EXPECT_EQ(process->wait(kShort), 0);
    EXPECT_LT(shortest.within, std::chrono::minutes(1)) << "the machine did not tell its clocks";
    return shortest;
}

}  // namespace nap::e2e
