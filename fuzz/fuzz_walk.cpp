// SPDX-License-Identifier: GPL-2.0-only
// A fake kernel's memory, changed as the input says (u32 word index, u64 new word, ...): the walk ends, and
// what it finds is well-formed and lies in memory. The first byte chooses between 4 and 5 levels of page
// tables. And the calls under way and the connections are read.
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>

#include "tests/walk/fake_kernel.hpp"
#include "tests/walk/fake_sockets.hpp"
#include "walk/interrupted_calls.hpp"
#include "walk/walk.hpp"

namespace {
using nap::walk::FakeKernel;

FakeKernel populated(bool five_levels) {
    FakeKernel kernel(five_levels, 3 * nap::kMiB);
    nap::walk::FakeSockets sockets(kernel);
    sockets.queue(sockets.add(TCP_FIN_WAIT1), 104, 0, "owed");
    const auto request = kernel.take_page();
    kernel.put(sockets.add(TCP_LISTEN) + 128, kernel.direct(request));
    kernel.put(request + 88, kernel.direct(sockets.add(TCP_ESTABLISHED, false)));
    for (int pid = 2; pid < 4; ++pid) {
        const auto process = kernel.add("process", pid);
        kernel.interrupt(process.task, FakeKernel::kPollRestart);
        const auto frame = FakeKernel::kUserFirst + static_cast<std::uint64_t>(pid) * 512;
        kernel.anonymous(process, 0x7f00'0000'0000, frame, 4);
        kernel.map(process, 0x4000'0000, frame, FakeKernel::kPresent | FakeKernel::kLarge, 2);
        kernel.map(process, 0x5000'0000, frame + 31);
        kernel.use(frame + 31, kernel.file(FakeKernel::kTmpfs));
    }
    return kernel;
}

// The words in use, so that a small index hits one that matters.
std::vector<std::uint64_t> words_in_use(const FakeKernel& kernel) {
    std::vector<std::uint64_t> used;
    for (std::uint64_t at = 0; at < kernel.bytes().size(); at += 8)
        if (kernel.get<std::uint64_t>(at) != 0) used.push_back(at);
    return used;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const FakeKernel kernels[] = {populated(false), populated(true)};
    static const std::vector<std::uint64_t> words[] = {words_in_use(kernels[0]), words_in_use(kernels[1])};
    if (size == 0) return 0;
    const auto which = data[0] & 1;
    auto kernel = kernels[which];
    for (std::size_t at = 1; at + 12 <= size; at += 12) {
        std::uint32_t index;
        std::uint64_t value;
        std::memcpy(&index, data + at, 4);
        std::memcpy(&value, data + at + 4, 8);
        const auto word = (index & 1) != 0 ? words[which][(index >> 1) % words[which].size()]
                                           : (index >> 1) % (kernel.bytes().size() / 8) * 8;
        if ((index & 1U << 31) != 0) value ^= kernel.get<std::uint64_t>(word);
        kernel.put(word, value);
    }
    (void)nap::walk::interrupted_calls(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, 1, {},
                                       {.tasks = 1000});
    (void)nap::walk::FakeSockets::find(kernel);
    const auto map = nap::walk::walk(kernel.bytes(), kernel.layout(), kernel.anchors(), 101,
                                     FakeKernel::user(), {.tasks = 1000});
    if (!map) return 0;
    if (!nap::context::check(*map)) std::abort();
    const nap::FrameRange memory{{0}, kernel.bytes().size() / nap::kPageSize};
    for (const auto& task : map->tasks)
        for (const auto& mapping : task.mappings)
            if (!memory.contains(mapping.frame, mapping.pages) &&
                !FakeKernel::user().contains(mapping.frame, mapping.pages))
                std::abort();
    return 0;
}
