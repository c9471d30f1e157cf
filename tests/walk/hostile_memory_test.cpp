// SPDX-License-Identifier: GPL-2.0-only
// Whatever the bytes are, the walker returns soon, and what it returns names memory only.
#include <gtest/gtest.h>

#include <random>

#include "tests/walk/fake_kernel.hpp"
#include "walk/walk.hpp"

namespace nap::walk {
namespace {

FakeKernel populated(bool five_levels) {
    FakeKernel kernel(five_levels);
    for (int pid = 1; pid < 6; ++pid) {
        const auto process = kernel.add("process", pid);
        const auto frame = FakeKernel::kUserFirst + static_cast<std::uint64_t>(pid) * 512;
        kernel.anonymous(process, 0x7f00'0000'0000, frame, 20);
        kernel.map(process, 0x4000'0000, frame, FakeKernel::kPresent | FakeKernel::kLarge, 2);
        kernel.tail(frame + 30, frame);
        kernel.map(process, 0x5000'0000, frame + 30);
        kernel.map(process, 0x5000'1000, frame + 31);
        kernel.use(frame + 31, kernel.file(FakeKernel::kTmpfs));
    }
    return kernel;
}

void expect_sound(const Result<context::PageMap>& map, std::span<const std::byte> memory) {
    if (!map) return;
    EXPECT_TRUE(context::check(*map));
    const FrameRange kernel{{0}, memory.size() / kPageSize};
    for (const auto& task : map->tasks)
        for (const auto& mapping : task.mappings)
            EXPECT_TRUE(kernel.contains(mapping.frame, mapping.pages) ||
                        FakeKernel::user().contains(mapping.frame, mapping.pages));
}

class HostileMemory : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Levels, HostileMemory, testing::Bool(),
                         [](const auto& levels) { return levels.param ? "five" : "four"; });

TEST_P(HostileMemory, Truncated) {
    const auto kernel = populated(GetParam());
    for (std::size_t size = 0; size <= kernel.bytes().size(); size += 3001 * 8) {
        const auto cut = kernel.bytes().first(size);
        expect_sound(walk(cut, kernel.layout(), kernel.anchors(), 101, FakeKernel::user()), cut);
    }
}

TEST_P(HostileMemory, RandomBytes) {
    auto kernel = populated(GetParam());
    std::mt19937_64 random(1);
    for (int round = 0; round < 20; ++round) {
        for (std::uint64_t at = 0; at < kernel.bytes().size(); at += 8) kernel.put(at, random());
        expect_sound(walk(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, FakeKernel::user()),
                     kernel.bytes());
    }
}

// Words exchanged for other words of the same memory: pointers that point, but elsewhere.
TEST_P(HostileMemory, ExchangedWords) {
    const auto original = populated(GetParam());
    std::vector<std::uint64_t> used;
    for (std::uint64_t at = 0; at < original.bytes().size(); at += 8)
        if (original.get<std::uint64_t>(at) != 0) used.push_back(at);
    std::mt19937_64 random(2);
    int refused = 0;
    for (int round = 0; round < 400; ++round) {
        auto kernel = original;
        for (int change = 0; change < 1 + round % 20; ++change) {
            const auto to = used[random() % used.size()];
            switch (random() % 3) {
                case 0:
                    kernel.put(to, kernel.get<std::uint64_t>(used[random() % used.size()]));
                    break;
                case 1:
                    kernel.put(to, kernel.get<std::uint64_t>(to) ^ 1ULL << random() % 64);
                    break;
                default:
                    kernel.put(to, random());
                    break;
            }
        }
        const auto map = walk(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, FakeKernel::user());
        expect_sound(map, kernel.bytes());
        refused += !map;
    }
    EXPECT_GT(refused, 0);
    EXPECT_LT(refused, 400);
}

// All tables full of entries that lead to all tables: the work must not multiply.
TEST_P(HostileMemory, TablesOfTables) {
    auto kernel = populated(GetParam());
    for (std::uint64_t table = 2 * kMiB; table < 4 * kMiB; table += kPageSize)
        for (std::uint64_t i = 0; i < 512; ++i) kernel.put(table + i * 8, (table + (i + 1) * kPageSize) | 1);
    expect_sound(walk(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, FakeKernel::user()),
                 kernel.bytes());
}

}  // namespace
}  // namespace nap::walk
