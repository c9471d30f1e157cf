// SPDX-License-Identifier: GPL-2.0-only
// The fault matrix: a kind of fault at a point of an update. Whatever happens, the service's client loses
// nothing, the kernel that runs is the one it must be, nothing is left over, and the next update succeeds.
// scripts/faults runs all cells, scripts/test some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

namespace fs = std::filesystem;

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

// A tmpfs of its own for all machines' memory: one that can be filled. Not over the memory of machines that
// run: "memory-full" then fails by itself.
class SmallMemory {
  public:
    SmallMemory() {
        fs::create_directories(folder_);
        mounted_ = fs::is_empty(folder_) &&
                   call({"mount", "-t", "tmpfs", "-o", "size=4G,mode=0700", "nap-test", folder_}).status == 0;
    }
    ~SmallMemory() {
        if (mounted_) {
            EXPECT_EQ(call({"umount", folder_}).status, 0);
        }
    }
    SmallMemory(const SmallMemory&) = delete;
    SmallMemory& operator=(const SmallMemory&) = delete;

  private:
    const fs::path folder_ = supervisor::Paths::from((build_directory() / "nap").string()).value().memory;
    bool mounted_ = false;
};

// One machine for all cells; a new one after a failure.
class Faults : public testing::TestWithParam<Cell> {
  protected:
    static void SetUpTestSuite() {
        ::setenv("NAP_TESTING", "1", 1);
        memory = std::make_unique<SmallMemory>();
    }
    static void TearDownTestSuite() {
        discard();
        memory.reset();
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
    static inline std::unique_ptr<SmallMemory> memory;
    static inline std::unique_ptr<Machine> machine;
    static inline std::unique_ptr<Counter> counter;
};

TEST_P(Faults, LoseNothing) {
    const auto& [kind, point, runs] = GetParam();
    const auto older = machine->kernel();
    const auto newer = older == kernels().older ? kernels().newer : kernels().older;
    const auto update =
        machine->update(newer, {"NAP_TEST_FAULT=" + kind + ":" + point, "NAP_TEST_HASH_USER_MEMORY=1",
                                "NAP_TEST_TIME_LIMIT_MS=40000"});
    (void)nap({"status", machine->name()}, kLong);
    const auto now = machine->kernel();
    if (runs != Runs::either) {
        EXPECT_EQ(now, runs == Runs::newer ? newer : older) << update.out;
    }
    EXPECT_EQ(update.status, now == newer ? 0 : 1) << update.out;
    const auto report = last_report(*machine);
    EXPECT_FALSE(report.empty());
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
        cells.push_back({"newer-out-of-memory", point, Runs::either});
    }
    for (const char* point : {"restore.ready", "restore.adopted", "restore", "commit"})
        cells.push_back({"older-killed", point, Runs::newer});
    for (const char* point : {"prepare", "restore.ready"})
        cells.push_back({"newer-agent-dies", point, Runs::either});
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
    for (const char* point : {"prepare.booted", "capture", "commit"})
        cells.push_back({"state-full", point, Runs::older});
    for (const char* point : {"commit.recorded", "settle"})
        cells.push_back({"state-full", point, Runs::newer});
    for (const char* point : {"capture", "restore.ready"})
        cells.push_back({"memory-full", point, Runs::older});
    for (const char* kind : {"map-outside", "map-twice"}) cells.push_back({kind, "capture", Runs::older});
    return cells;
}

INSTANTIATE_TEST_SUITE_P(All, Faults, testing::ValuesIn(all_cells()), name_of);

}  // namespace
}  // namespace nap::e2e
