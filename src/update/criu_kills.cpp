// SPDX-License-Identifier: GPL-2.0-only
#include "update/criu_kills.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"

namespace nap::update {

namespace {

using channel::Json;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kRunsBetween{30};
constexpr std::uint64_t kLongestDump = 600'000;  // ms

// One dump of the frozen userland, which runs again afterwards.
Result<Json> dump_once(Attempt& attempt) {
    auto& older = attempt.machine.generation->agent();
    NAP_CHECK(agent::done(older.call("freeze", {{"thaw_after_ms", kLongestDump}}, attempt.limits.freeze)));
    Result<Json> dumped = fail(ErrorKind::internal, "no dump");
    if (auto call = older.start("dump", {{"limit_ms", kLongestDump}}))
        dumped = (*call)->finish(attempt.limits.dump);
    else
        dumped = std::unexpected(call.error());
    NAP_CHECK(agent::done(older.call("thaw", Json::object(), attempt.limits.dump)));
    std::this_thread::sleep_for(kRunsBetween);
    return dumped;
}

// How long CRIU took, which nobody disturbed, us.
Result<double> length_of(const Json& dumped) {
    for (const auto& step : agent::steps_from(dumped))
        if (step.step == "CRIU's dump") return static_cast<double>(step.took.count());
    return fail(ErrorKind::protocol, "the agent does not say how long the dump took");
}

// Parts of a dump's length: one in each of so many equal ones, in any order.
std::vector<double> instants(int count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<double> all;
    for (int part = 0; part < count; ++part)
        all.push_back((part + std::uniform_real_distribution(0.0, 1.0)(random)) / count);
    std::ranges::shuffle(all, random);
    return all;
}

}  // namespace

Result<> kill_criu_often(Attempt& attempt) {
    auto& older = attempt.machine.generation->agent();
    NAP_TRY(const Json undisturbed, dump_once(attempt));
    NAP_TRY(double length, length_of(undisturbed));
    int killed = 0;
    const auto all = instants(std::max(attempt.testing.kills, 1), attempt.testing.seed);
    for (const double part : all) {
        const auto after = static_cast<std::uint64_t>(part * length);
        NAP_CHECK(agent::done(
            older.call("fault", {{"kind", "kill-criu-at"}, {"after_us", after}}, attempt.limits.call)));
        const auto dumped = dump_once(attempt);
        spdlog::info("update: CRIU to be killed {} us after its start, at {:.1f} % of {:.0f} us: {}", after,
                     100 * part, length, dumped ? "it was faster" : dumped.error().message);
        if (dumped) {
            NAP_TRY(length, length_of(*dumped));  // a host that others use is not always as fast
            continue;
        }
        const auto& message = dumped.error().message;
        if (!message.contains("killed by signal 9") || message.contains("not undone"))
            return fail(ErrorKind::guest, fmt::format("CRIU killed {} us after its start: {} (seed {})",
                                                      after, message, attempt.testing.seed));
        ++killed;
    }
    return fail(ErrorKind::internal,
                fmt::format("a fault was injected: CRIU was killed {} times of {}, in {:.0f} ms, seed {}",
                            killed, all.size(), length / 1000, attempt.testing.seed));
}

}  // namespace nap::update
