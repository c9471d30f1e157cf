// SPDX-License-Identifier: GPL-2.0-only
#include "e2e/leftovers.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "machine/qemu/found_generations.hpp"

namespace nap::e2e {

namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename());
    return names;
}

}  // namespace

void expect_progress(const Counter& counter) {
    const long before = counter.replies();
    for (int tries = 0; tries < 300 && counter.replies() <= before + 3; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_GT(counter.replies(), before + 3);
}

void expect_nothing_lost(Counter& counter) {
    const auto report = counter.stop();
    ASSERT_TRUE(report.is_object());
    EXPECT_EQ(report.value("lost", -1), 0);
    EXPECT_EQ(report.value("repeated", -1), 0);
    EXPECT_FALSE(report.value("connection_lost", true)) << report.value("error", "");
}

nlohmann::json last_report(const Machine& machine) {
    const auto history = json_of(nap({"--json", "history", machine.name()}));
    return history.is_array() && !history.empty() ? history.back() : nlohmann::json::object();
}

void expect_nothing_left(const Machine& machine) {
    const auto generations = machine::find_generations(machine.name(), machine.paths());
    ASSERT_TRUE(generations) << generations.error().message;
    EXPECT_EQ(generations->size(), 1U);
    EXPECT_THAT(names_in(machine.paths().run), testing::SizeIs(3));     // lock, control.sock, gen-N
    EXPECT_THAT(names_in(machine.paths().memory), testing::SizeIs(2));  // u, k-N
    EXPECT_THAT(names_in(machine.paths().state),
                testing::Not(testing::Contains(testing::HasSubstr("overlay"))));
}

}  // namespace nap::e2e
