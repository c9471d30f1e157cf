// SPDX-License-Identifier: GPL-2.0-only
// What `nap` makes of a supervisor's answers.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <latch>

#include "e2e/state.hpp"

namespace nap::e2e {
namespace {

using channel::Call;
using channel::Json;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char *kOlder = "6.1.0-47", *kNewer = "6.1.0-56";

class Answers : public testing::Test {
  protected:
    Answers() { state_.add_machine("m", kOlder); }
    [[nodiscard]] supervisor::MachinePaths paths() const { return state_.paths().machine("m"); }
    // A running machine whose supervisor answers all but status so.
    [[nodiscard]] channel::Handler running(std::function<Result<Json>(Call&)> answer) {
        return [this, answer](const std::string& method, const Json&, Call& call) -> Result<Json> {
            if (method == "status") return Json{{"name", "m"}, {"state", "running"}, {"kernel", kernel_}};
            return answer(call);
        };
    }
    [[nodiscard]] Output update() const { return state_.nap({"update", "m", "--kernel", kNewer}); }

    State state_;
    std::string kernel_ = kOlder;
};

TEST_F(Answers, ARefusedUpdateSaysWhatRunsOn) {
    const StandIn supervisor(
        paths(), running([](Call&) { return fail(ErrorKind::not_found, "there is no kernel 6.1.0-56."); }));
    const auto output = update();
    EXPECT_EQ(output.status, 1);
    EXPECT_EQ(output.out, "nap: update of m: there is no kernel 6.1.0-56; m still runs on kernel 6.1.0-47\n");
}

TEST_F(Answers, WhatIsSaidAlreadyIsNotSaidTwice) {
    const StandIn supervisor(paths(), running([](Call&) {
                                 return fail(ErrorKind::guest,
                                             "prepare: it died; m still runs on kernel 6.1.0-47");
                             }));
    EXPECT_EQ(update().out, "nap: update of m: prepare: it died; m still runs on kernel 6.1.0-47\n");
}

TEST_F(Answers, AnUpdateThatWasLostDoesNotRunOn) {
    const StandIn supervisor(paths(), running([this](Call&) {
                                 kernel_ = kNewer;
                                 return fail(ErrorKind::guest,
                                             "kernel 6.1.0-56 ended right after the commit");
                             }));
    EXPECT_THAT(update().out, Not(HasSubstr("runs on")));
}

TEST_F(Answers, ObstaclesAreOneALine) {
    const StandIn supervisor(
        paths(), running([](Call&) {
            return fail(
                ErrorKind::refused,
                "m still runs on kernel 6.1.0-47 and cannot be updated to 6.1.0-56 now:\n"
                "  redis (PID 12): an io_uring instance: it is lost\n  sshd\x1b[2J\nnap: all is well\n");
        }));
    EXPECT_EQ(update().out,
              "nap: update of m: m still runs on kernel 6.1.0-47 and cannot be updated to 6.1.0-56 now:\n"
              "  redis (PID 12): an io_uring instance: it is lost\n"
              "  sshd?[2J nap: all is well\n");
}

TEST_F(Answers, CheckNamesObstaclesAsUpdateDoes) {
    const StandIn supervisor(paths(), running([](Call&) {
                                 return Json{{"obstacles",
                                              {{{"pid", 0},
                                                {"name", ""},
                                                {"what", "kernel 6.1.0-47 runs already"},
                                                {"why", ""},
                                                {"advice", "choose another kernel"}},
                                               {{"pid", 12},
                                                {"name", "redis"},
                                                {"what", "a perf event"},
                                                {"why", "Its state is lost."},
                                                {"advice", "Stop the profiler."}}}}};
                             }));
    const auto output = state_.nap({"check", "m"});
    EXPECT_EQ(output.status, 1);
    EXPECT_EQ(output.out,
              "kernel 6.1.0-47 runs already; choose another kernel\n"
              "redis (PID 12): a perf event: its state is lost; stop the profiler\n");
}

class Interrupted : public Answers, public testing::WithParamInterface<int> {};

TEST_P(Interrupted, AnUpdateGoesOnAndThatIsSaid) {
    std::latch begun(1);
    const StandIn supervisor(paths(), running([&begun](Call& call) -> Result<Json> {
                                 (void)call.send_event({{"phase", "prepare"}, {"text", "booting"}});
                                 begun.count_down();
                                 return call.receive(kShort) ? Json()
                                                             : Json::object();  // until it is abandoned
                             }));
    const auto said = state_.root() / "said";
    auto output = open_file(said, O_WRONLY | O_CREAT);
    ASSERT_TRUE(output);
    Command command{.argv = {(build_directory() / "bin/nap").string(), "--root", state_.root().string(),
                             "update", "m", "--kernel", kNewer}};
    command.descriptors = {{output->get(), 1}, {output->get(), 2}};
    auto process = Process::start(command);
    ASSERT_TRUE(process) << process.error().message;
    begun.wait();
    process->signal(GetParam());
    const auto status = process->wait(kShort);
    ASSERT_TRUE(status);
    EXPECT_EQ(WEXITSTATUS(*status), 128 + GetParam());
    std::ifstream file(said);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(all, EndsWith("nap: the update of m goes on; `nap status m` shows how far it is\n"));
}

INSTANTIATE_TEST_SUITE_P(Answers, Interrupted, testing::Values(SIGINT, SIGTERM));

TEST_F(Answers, HistoryShowsTheTimeOfEachPhase) {
    write(paths().history(),
          R"({"older_kernel":"a","newer_kernel":"b","outcome":"updated","started":0,"pause_ms":900,)"
          R"("phases_ms":{"check":750.4,"prepare":11630,"settle":12,"freeze":1}})"
          "\n");
    const auto output = state_.nap({"history", "m"});
    EXPECT_EQ(output.status, 0);
    EXPECT_THAT(output.out,
                AllOf(HasSubstr("m: kernel a -> b, paused 900 ms"),
                      EndsWith("\n    check 750 ms, prepare 11.6 s, freeze 1 ms, settle 12 ms\n")));
}

}  // namespace
}  // namespace nap::e2e
