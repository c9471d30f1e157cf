// SPDX-License-Identifier: GPL-2.0-only
// The page map of a machine's processes, read from a kernel's page tables.
#include "walk/walk.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "walk/kernel_memory.hpp"
#include "walk/page_structs.hpp"
#include "walk/page_tables.hpp"
#include "walk/tasks.hpp"

namespace nap::walk {

namespace {

// Sorts the pages that one process after another maps into a page map.
class MapBuilder {
    static constexpr std::size_t kPrefetchDistance =
        32;  // entries; hides the latency of scattered page structs

  public:
    MapBuilder(const KernelMemory& memory, const PageStructs& structs, FrameRange user)
        : memory_(memory),
          structs_(structs),
          user_(user),
          mappings_left_(4 * (memory.frames().pages + user.pages)) {}

    void begin(const Task& task) { map_.tasks.push_back({task.pid, task.host_pid, task.name, {}}); }
    context::PageMap take() { return std::move(map_); }

    Result<> page_table(VirtualAddress first, const Table& entries) {
        for (std::size_t i = 0; i < kTableEntries; ++i) {
            if (const auto ahead = i + kPrefetchDistance; ahead < kTableEntries && entries[ahead].mapped())
                structs_.prefetch(entries[ahead].frame());
            const auto entry = entries[i];
            if (entry.empty()) continue;
            if (!entry.mapped())
                unsettled(entry);
            else if (const auto use = use_of(entry, entry.frame()); use == PageUse::anonymous)
                NAP_CHECK(add({{first.value + i * kPageSize}, entry.frame(), 1, false}));
            else
                count(use, 1);
        }
        return {};
    }

    Result<> large(VirtualAddress address, TableEntry leaf, PageFrame frame, std::uint64_t pages) {
        const auto use = use_of(leaf, frame);
        if (use != PageUse::anonymous) {
            count(use, pages);
            return {};
        }
        if (!memory_.frames().contains(frame, pages) && !user_.contains(frame, pages))
            return bad_table(frame.address(), "is no table but a large page that lies only partly in memory");
        return add({address, frame, pages, true});
    }

    void unsettled(TableEntry entry) {
        ++map_.unsettled;
        if (entry.swapped()) ++map_.swapped;
    }

  private:
    [[nodiscard]] PageUse use_of(TableEntry entry, PageFrame frame) const {
        return entry.special() ? PageUse::special : structs_.use_of(frame);
    }

    void count(PageUse use, std::uint64_t pages) {
        if (use == PageUse::file) map_.file_pages += pages;
        if (use == PageUse::shared_memory) map_.shared_memory_pages += pages;
        if (use == PageUse::special) map_.special_pages += pages;
    }

    Result<> add(const context::Mapping& page) {
        auto& mappings = map_.tasks.back().mappings;
        if (!mappings.empty()) {
            auto& last = mappings.back();
            if (last.huge == page.huge && last.address.value + last.pages * kPageSize == page.address.value &&
                last.frame.value + last.pages == page.frame.value) {
                last.pages += page.pages;
                return {};
            }
        }
        if (mappings_left_ == 0)
            return fail(
                ErrorKind::protocol,
                "Reading the page map failed: its pieces are more than four times the pages of memory.");
        --mappings_left_;
        mappings.push_back(page);
        return {};
    }

    const KernelMemory& memory_;
    const PageStructs& structs_;
    FrameRange user_;
    std::uint64_t mappings_left_;
    context::PageMap map_;
};

}  // namespace

Result<context::PageMap> walk(std::span<const std::byte> kernel_memory, const KernelLayout& layout,
                              const Anchors& anchors, std::int32_t init_host_pid, FrameRange user,
                              const WalkLimits& limits) {
    NAP_TRY(const auto memory, KernelMemory::attach(kernel_memory, anchors));
    NAP_TRY(const auto tasks, find_tasks(memory, layout, anchors.init_task, init_host_pid, limits.tasks));
    if (tasks.empty()) return context::PageMap{};
    NAP_TRY(const auto structs, PageStructs::locate(memory, layout, tasks.front().page_tables, user));
    MapBuilder builder(memory, structs, user);
    VisitedTables visited(memory.frames(), limits.page_tables);
    UserHalf walker(memory, visited, builder);
    for (const auto& task : tasks) {
        builder.begin(task);
        if (auto walked = walker.walk(task.page_tables); !walked)
            return std::unexpected(walked.error().within("Walking process " + std::to_string(task.pid) +
                                                         " (" + task.name + ")"));
    }
    return builder.take();
}

}  // namespace nap::walk
