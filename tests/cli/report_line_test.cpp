// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nap::cli {
namespace {

using nlohmann::json;
using testing::EndsWith;

json failed(const char* outcome, const std::string& error) {
    return {{"older_kernel", "a"}, {"newer_kernel", "b"}, {"outcome", outcome}, {"error", error}};
}

TEST(ReportLine, OfAnUpdateSaysWhatItCost) {
    const json report = {{"older_kernel", "a"}, {"newer_kernel", "b"}, {"outcome", "updated"},
                         {"pause_ms", 1999.6},  {"processes", 12},     {"pages_adopted", 66'123},
                         {"bytes_copied", 0}};
    EXPECT_EQ(report_line("m", report),
              "m: kernel a -> b, paused 2000 ms, 12 processes, 66,123 pages adopted, 0 bytes copied");
}

TEST(ReportLine, OfAFailureHasTheBeginningOfItsError) {
    EXPECT_EQ(report_line("m", failed("rolled back", "capture: no")),
              "m: kernel a -> b rolled back, the older kernel runs on: capture: no");
    EXPECT_THAT(report_line("m", failed("rolled back", "capture:\nmuch more")), EndsWith("on: capture: ..."));
    EXPECT_THAT(report_line("m", failed("rolled back", std::string(199, 'x') + "\xc3\xa4")),
                EndsWith("on: " + std::string(199, 'x') + " ..."));
    EXPECT_THAT(report_line("m", failed("rolled back", std::string(200, 'x'))),
                EndsWith("on: " + std::string(200, 'x')));
    EXPECT_THAT(report_line("m", failed("lost", "it died")),
                EndsWith("a -> b lost, the machine did not run on: it died"));
}

TEST(PhasesLine, IsInTheOrderOfThePhases) {
    EXPECT_EQ(phases_line({{"phases_ms", {{"check", 750.2}, {"capture", 3}, {"prepare", 11'600}}}}),
              "check 750 ms, prepare 11.6 s, capture 3 ms");
}

TEST(PhasesLine, OfStrangeReportsIsEmpty) {
    for (const auto& report : {json::object(), json{{"phases_ms", 3}}, json{{"phases_ms", {{"check", "x"}}}}})
        EXPECT_EQ(phases_line(report), "");
}

}  // namespace
}  // namespace nap::cli
