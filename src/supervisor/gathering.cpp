// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/gathering.hpp"

#include <algorithm>

#include "context/mapped_frames.hpp"
#include "machine/huge_pages.hpp"
#include "machine/memory_file.hpp"
#include "update/phases/memory_watch.hpp"

namespace nap::supervisor {

namespace {

constexpr std::chrono::milliseconds kLimit{200};  // a block takes half a millisecond
constexpr std::size_t kAtOnce = 32;               // blocks

}  // namespace

void Gathering::go_on(const update::RunningMachine& machine) {
    // An emulator gains nothing that it would be worth the copying
    if (machine.accelerator.accelerator != machine::Accelerator::kvm) return;
    const auto file = machine.paths.user_memory();
    const auto user = machine.layout.user_frames();
    if (generation_ != machine.number) {
        generation_ = machine.number;
        in_use_ = 0;
        tried_.assign(user.pages / kHugePagePages, false);
    }
    const auto in_use = update::allocated(file);
    if (in_use < in_use_ + kHugePageSize) return;
    const auto filled = machine::filled(file, user);
    if (!filled) return;
    std::vector<FrameRange> blocks;
    for (const auto& dense : context::dense_blocks(*filled)) {
        for (std::uint64_t done = 0; done < dense.pages && blocks.size() < kAtOnce; done += kHugePagePages) {
            const PageFrame first{dense.first.value + done};
            auto tried = tried_[(first.value - user.first.value) / kHugePagePages];
            if (!tried) blocks.push_back({first, kHugePagePages});
            tried = true;
        }
    }
    if (blocks.empty())
        in_use_ = in_use;
    else
        (void)machine::gather_on_huge_pages(file, user, blocks, kLimit);
}

}  // namespace nap::supervisor
