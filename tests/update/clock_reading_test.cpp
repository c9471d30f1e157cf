// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/clock_reading.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace nap::update::agent {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// A guest whose clock began 100 s before the host's, behind a link that keeps a question and its answer for
// so long.
class Guest {
  public:
    struct Delay {
        nanoseconds there, back;
    };
    explicit Guest(std::vector<Delay> delays) : delays_(std::move(delays)) {}

    Result<ClockReading> read() {
        return shortest_reading(
            kReadings, [this] { return answer(); }, [this] { return host_; });
    }
    [[nodiscard]] std::int64_t error(const ClockReading& reading) const {
        return reading.at(host_) - nanoseconds(host_.time_since_epoch() + 100s).count();
    }
    [[nodiscard]] std::size_t asked() const { return asked_; }

  private:
    Result<std::int64_t> answer() {
        const auto delay = delays_[std::min(asked_++, delays_.size() - 1)];
        if (delay.there < 0s) return fail(ErrorKind::timeout, "silent");
        const auto read = (host_ += delay.there);
        host_ += delay.back;
        return nanoseconds(read.time_since_epoch() + 100s).count();
    }
    std::vector<Delay> delays_;
    std::size_t asked_ = 0;
    HostClock::time_point host_{5s};
};

constexpr Guest::Delay kSilent{-1s, 0s};

TEST(ClockReading, ShortRoundTripIsBelievedAtOnce) {
    Guest guest({{100us, 300us}});
    const auto reading = guest.read();
    ASSERT_TRUE(reading);
    EXPECT_EQ(guest.asked(), 1U);
    EXPECT_EQ(reading->within, 400us);
    EXPECT_EQ(guest.error(*reading), -nanoseconds(100us).count());
}

// However late some answers are, on either way.
TEST(ClockReading, LateAnswersAreOutvotedByAShortOne) {
    Guest guest({{0s, 90ms}, {80ms, 0s}, {1ms, 50ms}, {2ms, 1ms}, {300ms, 0s}, {5ms, 300ms}, {0s, 900ms}});
    const auto reading = guest.read();
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->within, 3ms);
    EXPECT_LE(std::abs(guest.error(*reading)), nanoseconds(1500us).count());
}

TEST(ClockReading, GuestThatIsAlwaysSlowIsNotAskedForEver) {
    Guest guest({{3s, 0s}});
    const auto reading = guest.read();
    ASSERT_TRUE(reading);
    EXPECT_EQ(guest.asked(), 1U);
    EXPECT_LE(std::abs(guest.error(*reading)), nanoseconds(reading->within).count() / 2);
    Guest slow({{2ms, 2ms}});
    ASSERT_TRUE(slow.read());
    EXPECT_EQ(slow.asked(), static_cast<std::size_t>(kReadings));
}

TEST(ClockReading, SilenceIsAnErrorOnlyWhereNothingWasHeard) {
    EXPECT_FALSE(Guest({kSilent}).read());
    Guest guest({{1ms, 1ms}, kSilent});
    const auto reading = guest.read();
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->within, 2ms);
}

}  // namespace
}  // namespace nap::update::agent
