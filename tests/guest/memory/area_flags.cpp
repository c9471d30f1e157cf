// SPDX-License-Identifier: GPL-2.0-only
// What a program has said of its memory areas beside their protection: advice, and what becomes of them in a
// child.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

// An area for each advice that the kernel keeps; flags it does not show by name are compared, too.
class Advised : public State {
  public:
    void set_up() override {
        for (const int advice : {MADV_SEQUENTIAL, MADV_RANDOM, MADV_DONTFORK, MADV_DONTDUMP, MADV_MERGEABLE,
                                 MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_WIPEONFORK}) {
            const auto area = map_apart(4 * kPage);
            check(madvise(area.data(), area.size(), advice), "madvise " + std::to_string(advice));
            fill_pattern(area, static_cast<std::uint64_t>(advice));
            areas_.push_back({advice, area, smaps_flags(getpid(), area)});
        }
    }
    void verify() override {
        for (const auto& [advice, area, flags] : areas_) {
            require_pattern(area, static_cast<std::uint64_t>(advice), "advised memory");
            const std::string now = smaps_flags(getpid(), area);
            require(now == flags, "flags ", flags, " became ", now);
        }
    }
    void damage() override {
        check(madvise(areas_.back().area.data(), kPage, MADV_KEEPONFORK), "madvise MADV_KEEPONFORK");
    }

  private:
    struct Area {
        int advice;
        std::span<std::byte> area;
        std::string flags;
    };
    std::vector<Area> areas_;
};

// A child sees zeros in one area, and has not got the other.
class InChildren : public State {
  public:
    void set_up() override {
        wiped_ = map_apart(kSize);
        absent_ = map_apart(kSize);
        check(madvise(wiped_.data(), kSize, MADV_WIPEONFORK), "madvise MADV_WIPEONFORK");
        check(madvise(absent_.data(), kSize, MADV_DONTFORK), "madvise MADV_DONTFORK");
        fill_pattern(wiped_, 1);
        fill_pattern(absent_, 2);
    }
    void verify() override {
        require_pattern(wiped_, 1, "memory that children see wiped");
        require_pattern(absent_, 2, "memory that children lack");
        const auto child = static_cast<pid_t>(check(fork(), "fork"));
        if (child == 0) {
            const bool wiped =
                std::ranges::all_of(wiped_, [](std::byte byte) { return byte == std::byte{0}; });
            unsigned char resident = 0;
            _exit((wiped ? 0 : 1) | (mincore(absent_.data(), kPage, &resident) != 0 ? 0 : 2));
        }
        int status = 0;
        check(waitpid(child, &status, 0), "waitpid");
        require(WIFEXITED(status), "the child was killed");
        require((WEXITSTATUS(status) & 1) == 0, "a child sees what should be wiped");
        require((WEXITSTATUS(status) & 2) == 0, "a child has what it should lack");
    }
    void damage() override { check(madvise(wiped_.data(), kSize, MADV_KEEPONFORK), "madvise"); }

  private:
    static constexpr std::size_t kSize = 8 * kPage;
    std::span<std::byte> wiped_, absent_;
};

NAP_GUEST_STATE("memory_advice", Advised);
NAP_GUEST_STATE("memory_in_children", InChildren);

}  // namespace
}  // namespace guest
