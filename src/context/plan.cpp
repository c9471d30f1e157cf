// SPDX-License-Identifier: GPL-2.0-only
// Plan: what the newer kernel does with each page of the page map.
#include "context/plan.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "context/frame_uses.hpp"
#include "context/hex.hpp"

namespace nap::context {

namespace {
constexpr std::uint64_t kLargestRun = 1 << 30;  // pages; Run::pages has 32 bits

// Where each frame of K that is mapped lies in the spilled bytes.
class SpilledBytes {
  public:
    SpilledBytes(const FrameUses& uses, FrameRange kernel) : first_(kernel.first), offset_(kernel.pages) {
        for (std::uint64_t i = 0; i < kernel.pages; ++i) {
            const PageFrame frame{kernel.first.value + i};
            if (!uses.used(frame)) continue;
            offset_[i] = frames_.size() * kPageSize;
            frames_.push_back(frame);
        }
    }
    [[nodiscard]] std::uint64_t offset(PageFrame frame) const { return offset_[frame.value - first_.value]; }
    std::vector<PageFrame> take() { return std::move(frames_); }

  private:
    PageFrame first_;
    std::vector<std::uint64_t> offset_;
    std::vector<PageFrame> frames_;
};

// Appends runs to one task after another, and counts.
class Planner {
  public:
    Planner(const FrameUses& user, const FrameUses& kernel, const SpilledBytes& spilled, Plan& plan)
        : user_(user), kernel_(kernel), spilled_(spilled), plan_(plan) {}

    void begin(std::int32_t pid) { plan_.tasks.push_back({pid, {}}); }

    void adopt(const Mapping& mapping) {
        plan_.adopted += mapping.pages;
        const auto step = mapping.huge ? kHugePagePages : 1;
        for (std::uint64_t at = 0; at < mapping.pages; at += step) {
            const auto page = mapping.part(at, step);
            if (mapping.huge && !user_.cut(page.frame))
                huge(page);
            else
                for (std::uint64_t i = 0; i < step; ++i) small(page.part(i, 1), user_, 0);
        }
    }

    void spill(const Mapping& mapping) {
        plan_.spilled_mappings += mapping.pages;
        for (std::uint64_t i = 0; i < mapping.pages; ++i) small(mapping.part(i, 1), kernel_, kRunSpilled);
    }

  private:
    std::vector<Run>& runs() { return plan_.tasks.back().runs; }

    std::uint32_t shared(const Mapping& page, const FrameUses& uses) {
        if (!uses.shared(page.frame)) return 0;
        plan_.shared += page.pages;
        return kRunShared;
    }

    void huge(const Mapping& page) {
        plan_.adopted_huge += page.pages;
        runs().push_back(
            {page.address.value, page.frame.value, 0, kHugePagePages, kRunHuge | shared(page, user_)});
    }

    void small(const Mapping& page, const FrameUses& uses, std::uint32_t flags) {
        flags |= shared(page, uses);
        const auto source = (flags & kRunSpilled) != 0 ? spilled_.offset(page.frame) : 0;
        if (!runs().empty()) {
            // Spilled frames are numbered ascending: where the frames follow each other, so do their bytes.
            auto& last = runs().back();
            if (last.flags == flags && last.pages < kLargestRun &&
                last.address + last.pages * kPageSize == page.address.value &&
                last.frame + last.pages == page.frame.value) {
                ++last.pages;
                return;
            }
        }
        runs().push_back({page.address.value, page.frame.value, source, 1, flags});
    }

    const FrameUses& user_;
    const FrameUses& kernel_;
    const SpilledBytes& spilled_;
    Plan& plan_;
};

Result<> check_settled(const PageMap& map) {
    if (map.swapped != 0)
        return fail(ErrorKind::unsupported,
                    "Planning the adoption failed: " + std::to_string(map.swapped) +
                        " pages are swapped out, and only pages in memory can be adopted.");
    if (map.unsettled != 0)
        return fail(ErrorKind::busy, "Planning the adoption failed: " + std::to_string(map.unsettled) +
                                         " page table entries are neither empty nor present (pages on the "
                                         "move, or guard regions: MADV_GUARD_INSTALL).");
    return {};
}

Result<> check_ranges(FrameRange user, FrameRange kernel) {
    constexpr std::uint64_t kFrameEnd = 1ULL << 40;
    const auto sane = [](FrameRange range) {
        return range.first.value <= kFrameEnd && range.pages <= kFrameEnd - range.first.value;
    };
    if (sane(user) && sane(kernel) &&
        (user.first.value + user.pages <= kernel.first.value ||
         kernel.first.value + kernel.pages <= user.first.value))
        return {};
    return fail(ErrorKind::internal, "Planning the adoption failed: user and kernel memory overlap.");
}
}  // namespace

Result<Plan> make_plan(const PageMap& older, const Carried& carried, FrameRange user, FrameRange kernel) {
    NAP_CHECK(check_ranges(user, kernel));
    NAP_CHECK(check(older));
    NAP_CHECK(check(carried));
    NAP_CHECK(check_settled(older));

    Plan plan;
    FrameUses user_uses(user), kernel_uses(kernel);
    std::vector<std::vector<Mapping>> adopted;
    for (const auto& task : older.tasks) {
        auto pieces = split(task, carried);
        for (const auto& mapping : pieces.carried) plan.carried += mapping.pages;
        for (const auto& mapping : pieces.adopted) {
            if (user.contains(mapping.frame, mapping.pages))
                user_uses.add(mapping);
            else if (kernel.contains(mapping.frame, mapping.pages))
                kernel_uses.add(mapping);
            else
                return fail(ErrorKind::protocol, "Planning the adoption failed: " + describe(task) +
                                                     " has at " + hex(mapping.address.value) + " " +
                                                     std::to_string(mapping.pages) + " pages from frame " +
                                                     hex(mapping.frame.value) +
                                                     " on, which lie neither in user nor in kernel memory.");
        }
        adopted.push_back(std::move(pieces.adopted));
    }

    SpilledBytes spilled(kernel_uses, kernel);
    Planner planner(user_uses, kernel_uses, spilled, plan);
    for (std::size_t i = 0; i < adopted.size(); ++i) {
        planner.begin(older.tasks[i].pid);
        for (const auto& mapping : adopted[i])
            user.contains(mapping.frame) ? planner.adopt(mapping) : planner.spill(mapping);
    }
    plan.spilled = spilled.take();
    plan.total = plan.adopted + plan.spilled_mappings + plan.carried;
    return plan;
}

}  // namespace nap::context
