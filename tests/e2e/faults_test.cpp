// SPDX-License-Identifier: GPL-2.0-only
// The fault matrix: a kind of fault at a point of an update. Whatever happens, the service's client loses
// nothing, the kernel that runs is the one it must be, nothing is left over, and the next update succeeds.
// scripts/faults runs all cells, scripts/test some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>

#include "base/fd.hpp"
#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"
#include "e2e/small_folder.hpp"

namespace nap::e2e {
namespace {

enum class Runs { older, newer, either };

struct Cell {
    std::string kind, point;
    Runs runs;
};

void PrintTo(const Cell& cell, std::ostream* out) {
    *out << cell.kind << " at " << cell.point;
}

std::string name_of(const testing::TestParamInfo<Cell>& info) {
    std::string name = info.param.kind + "_at_" + info.param.point;
    for (char& c : name)
        if (c == '-' || c == '.') c = '_';
    return name;
}

constexpr const char* kWriting =
    "rm -f /stop-writing; (while [ ! -e /stop-writing ]; do dd if=/dev/zero of=/written bs=1M count=4 "
    "conv=fsync; done) >/dev/null 2>&1 </dev/null &";

// A program inside that writes and syncs while it is wanted.
class Writer {
  public:
    Writer(const Machine& machine, bool wanted) : machine_(machine), wanted_(wanted) {
        if (!wanted_) return;
        EXPECT_EQ(machine_.exec({"sh", "-c", kWriting}).status, 0);
    }
    ~Writer() {
        if (!wanted_) return;
        EXPECT_EQ(machine_.exec({"touch", "/stop-writing"}).status, 0);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

  private:
    const Machine& machine_;
    const bool wanted_;
};

// In the supervisor's log of this update.
bool logged(const Machine& machine, const std::string& what) {
    const auto log = read_file(machine.paths().log()).value_or("");
    const auto begun = log.rfind("update: check: "), at = log.rfind(what);
    return begun != log.npos && at != log.npos && at > begun;
}

bool injected(const Machine& machine, const std::string& kind, const std::string& point) {
    return logged(machine, "a fault is injected at " + point + ": " + kind);
}

// The call of which the agent died was told so, rather than left without an answer.
bool call_ended(const Machine& machine) {
    return logged(machine, "fault die: the agent in the guest ended");
}

// How the generation must be said to have ended; empty: it need not have. Not of an older one that is ended
// anyway a moment later.
std::string end_told(const std::string& kind) {
    if (kind == "newer-killed") return "killed";
    if (kind == "newer-panics") return "panic";
    if (kind == "newer-triple-faults") return "reset";
    return kind == "newer-powers-off" ? "power-off" : "";
}

// What an operator reads of the update, in one line.
std::string said(const nlohmann::json& report) {
    std::string text = report.value("error", "");
    for (const auto& warning : report.value("warnings", nlohmann::json::array()))
        text += (text.empty() ? "" : "; ") + warning.get<std::string>();
    std::ranges::replace(text, '\n', ' ');
    return text;
}

// One machine for all cells; a new one after a failure.
class Faults : public testing::TestWithParam<Cell> {
  protected:
    static void SetUpTestSuite() {
        ::setenv("NAP_TESTING", "1", 1);
        memory = std::make_unique<SmallFolder>(nap_paths().memory, "4G");
        state = std::make_unique<SmallFolder>(nap_paths().machines(), "128M");
    }
    static void TearDownTestSuite() {
        discard();
        memory.reset();
        state.reset();
    }
    void SetUp() override {
        if (machine) return;
        machine = std::make_unique<Machine>(Machine::Options{.testing = true});
        counter = std::make_unique<Counter>(*machine);
    }
    void TearDown() override {
        if (HasFailure()) discard();
    }
    static void discard() {
        if (!machine) return;
        expect_nothing_lost(*counter);
        EXPECT_EQ(nap({"stop", machine->name()}, kLong).status, 0);
        const auto checked = call({"e2fsck", "-fn", machine->disk().string()});
        EXPECT_EQ(checked.status, 0) << checked.out;
        counter.reset();
        machine.reset();
    }
    static inline std::unique_ptr<SmallFolder> memory, state;
    static inline std::unique_ptr<Machine> machine;
    static inline std::unique_ptr<Counter> counter;
};

TEST_P(Faults, LoseNothing) {
    const auto& [kind, point, runs] = GetParam();
    const auto older = machine->kernel();
    const auto newer = older == kernels().older ? kernels().newer : kernels().older;
    // The overlay is written to all the time, or it would not show that its disk is full
    const Writer writer(*machine, kind == "disk-full");
    const auto update =
        machine->update(newer, {"NAP_TEST_FAULT=" + kind + ":" + point, "NAP_TEST_HASH_USER_MEMORY=1",
                                "NAP_TEST_TIME_LIMIT_MS=40000"});
    (void)nap({"status", machine->name()}, kLong);
    const auto now = machine->kernel();
    if (runs != Runs::either) {
        EXPECT_EQ(now, runs == Runs::newer ? newer : older) << update.out;
    }
    EXPECT_EQ(update.status, now == newer ? 0 : 1) << update.out;
    EXPECT_TRUE(injected(*machine, kind, point)) << "nothing was put into this update";
    if (kind.ends_with("-agent-dies")) {
        EXPECT_TRUE(call_ended(*machine)) << kind;
    }
    const auto report = last_report(*machine);
    EXPECT_FALSE(report.empty());
    RecordProperty("said", said(report));
    if (const auto end = end_told(kind); !end.empty()) {
        const auto ends = report.value("ends", nlohmann::json::array());
        ASSERT_FALSE(ends.empty());
        EXPECT_EQ(ends[0].value("kind", ""), end);
    }
    if (report.contains("user_memory_unchanged")) {
        EXPECT_TRUE(report.value("user_memory_unchanged", false));
    }
    expect_progress(*counter);
    // An overlay that could not be merged is part of the disk until the next update
    if (point != "settle.merge") expect_nothing_left(*machine);
    const auto again = machine->update(now == newer ? older : newer);
    EXPECT_EQ(again.status, 0) << again.out;
    expect_nothing_left(*machine);
    expect_progress(*counter);
}

// CRIU killed all over its dump of every guest state: each of them verifies afterwards, a client goes on.
// NAP_TEST_KILLS: how often (scripts/faults: 100); NAP_TEST_SEED repeats one. 20 at most in one machine: its
// kernel gives up a connection that no process has after some minutes.
class CriuKills : public testing::Test {
  protected:
    static constexpr int kAtATime = 20;
    static void kill(int kills, std::uint64_t seed) {
        const Machine machine(Machine::Options{.testing = true});
        machine.install_states();
        ASSERT_EQ(machine.states("start").status, 0);
        Counter counter(machine);
        const auto older = machine.kernel();
        const auto update = machine.update(kernels().newer, {"NAP_TEST_FAULT=older-criu-killed-often:prepare",
                                                             "NAP_TEST_SEED=" + std::to_string(seed),
                                                             "NAP_TEST_KILLS=" + std::to_string(kills)});
        EXPECT_EQ(update.status, 1) << update.out;
        EXPECT_THAT(update.out, testing::HasSubstr("a fault was injected: CRIU was killed"));
        std::cout << last_report(machine).value("error", "") << std::endl;
        EXPECT_EQ(machine.kernel(), older);
        const auto verified = machine.states("verify", machine.states_a_rollback_keeps());
        EXPECT_EQ(verified.status, 0) << verified.out;
        expect_progress(counter);
        expect_nothing_left(machine);
        expect_nothing_lost(counter);
    }
};

TEST_F(CriuKills, LoseNothing) {
    ::setenv("NAP_TESTING", "1", 1);
    const char* kills = std::getenv("NAP_TEST_KILLS");
    const char* chosen = std::getenv("NAP_TEST_SEED");
    auto seed =
        chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : static_cast<std::uint64_t>(::time(nullptr));
    for (int left = kills != nullptr ? std::atoi(kills) : 10; left > 0; left -= kAtATime, ++seed)
        kill(std::min(left, kAtATime), seed);
}

std::vector<Cell> all_cells() {
    const std::vector<std::string> before = {"prepare.booted",       "prepare", "freeze",
                                             "capture.file_systems", "capture", "restore.ready",
                                             "restore.adopted",      "restore", "commit"};
    const std::vector<std::string> after = {"commit.recorded", "commit.ended",  "commit.released",
                                            "commit.resumed",  "settle",        "settle.memory",
                                            "settle.merged",   "settle.removed"};
    std::vector<Cell> cells;
    for (const char* kind : {"error", "kill"}) {
        for (const auto& point : before) cells.push_back({kind, point, Runs::older});
        for (const auto& point : after) cells.push_back({kind, point, Runs::newer});
    }
    for (const auto& point : before) cells.push_back({"newer-killed", point, Runs::older});
    for (const char* point : {"prepare", "capture", "restore.ready", "restore.adopted"}) {
        cells.push_back({"newer-hangs", point, Runs::older});
        cells.push_back({"newer-panics", point, Runs::older});
        cells.push_back({"newer-triple-faults", point, Runs::older});
        cells.push_back({"newer-powers-off", point, Runs::older});
        cells.push_back({"newer-out-of-memory", point, Runs::either});
    }
    for (const char* point : {"restore.ready", "restore.adopted", "restore", "commit"})
        cells.push_back({"older-killed", point, Runs::newer});
    for (const char* point : {"prepare", "restore.ready"})
        cells.push_back({"newer-agent-dies", point, Runs::either});
    cells.push_back({"newer-agent-dies", "commit.ended", Runs::newer});
    for (const char* point : {"prepare", "restore.ready", "commit"})
        cells.push_back({"newer-agent-hangs", point, Runs::older});
    for (const char* point : {"prepare", "freeze", "capture.file_systems"})
        cells.push_back({"older-agent-dies", point, Runs::either});
    cells.push_back({"older-agent-hangs", "freeze", Runs::older});
    cells.push_back({"criu-killed", "restore.ready", Runs::older});
    cells.push_back({"criu-killed", "restore.adopted", Runs::either});  // it may have ended
    cells.push_back({"criu-killed-after-adoption", "restore.ready", Runs::older});
    cells.push_back({"restored-task-killed", "restore.adopted", Runs::older});
    cells.push_back({"older-moves-pages", "freeze", Runs::either});
    cells.push_back({"walk-misled", "freeze", Runs::older});
    cells.push_back({"walk-noise", "freeze", Runs::older});
    cells.push_back({"error", "capture.disk", Runs::older});
    cells.push_back({"error", "settle.merge", Runs::newer});
    for (const char* kind : {"contexts-flipped", "contexts-truncated", "older-criu-killed"})
        cells.push_back({kind, "freeze", Runs::older});
    cells.push_back({"newer-module-missing", "prepare.booted", Runs::older});
    cells.push_back({"newer-module-fails", "restore.ready", Runs::older});
    for (const char* point : {"prepare.booted", "capture", "commit"})
        cells.push_back({"state-full", point, Runs::older});
    for (const char* point : {"commit.recorded", "settle"})
        cells.push_back({"state-full", point, Runs::newer});
    for (const char* point : {"capture", "restore.ready", "commit"})
        cells.push_back({"memory-full", point, Runs::older});
    cells.push_back({"disk-full", "capture.disk", Runs::older});
    cells.push_back({"disk-full", "commit.resumed", Runs::newer});
    for (const char* kind : {"map-outside", "map-twice", "map-not-withheld"})
        cells.push_back({kind, "capture", Runs::older});
    return cells;
}

INSTANTIATE_TEST_SUITE_P(All, Faults, testing::ValuesIn(all_cells()), name_of);

}  // namespace
}  // namespace nap::e2e
