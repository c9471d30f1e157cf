// SPDX-License-Identifier: GPL-2.0-only
// Faults on purpose: Attempt::point(). docs/testing.md lists kinds and points.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <random>

#include "update/attempt.hpp"
#include "update/criu_kills.hpp"

namespace nap::update {

namespace {

using Fault = Result<> (*)(Attempt&);

Result<> raise_kill(Attempt&) {
    ::raise(SIGKILL);
    return {};
}

Result<> kill_newer(Attempt& attempt) {
    attempt.newer->process().signal(SIGKILL);
    return {};
}

Result<> kill_older(Attempt& attempt) {
    attempt.machine.generation->process().signal(SIGKILL);
    return {};
}

Result<> stop_newer(Attempt& attempt) {
    return attempt.newer->stop_cpus();
}

// The agent of a guest does to it what the host cannot. It may not live to answer.
template <bool newer>
Result<> ask(Attempt& attempt, const char* what, std::uint64_t frame = 0) {
    // After commit the newer generation is the machine's
    auto& agent = newer && attempt.newer ? attempt.newer->agent() : attempt.machine.generation->agent();
    auto done = agent.call("fault", {{"kind", what}, {"frame", frame}}, std::chrono::seconds(10));
    spdlog::info("update: fault {}: {}", what, done ? "done" : done.error().message);
    return {};
}

// What a guest says of its memory is not what it is: the plan names a frame of K, or one frame twice.
Result<> name_outside(Attempt& attempt) {
    for (auto& task : attempt.plan.tasks)
        for (auto& run : task.runs) {
            run.frame = 1;
            return {};
        }
    return {};
}

Result<> name_twice(Attempt& attempt) {
    context::Run* first = nullptr;
    for (auto& task : attempt.plan.tasks)
        for (auto& run : task.runs) {
            if (run.flags != 0) continue;
            if (first != nullptr && first->pages <= run.pages) {
                first->frame = run.frame;
                return {};
            }
            first = &run;
        }
    return {};
}

// The module has handed out a frame that the plan names.
Result<> take_withheld(Attempt& attempt) {
    for (const auto& task : attempt.plan.tasks)
        for (const auto& run : task.runs)
            if (run.flags == 0) return ask<true>(attempt, "adopt-frame", run.frame);
    return {};
}

// The page table walk begins somewhere else in K: bytes that are no page tables.
Result<> mislead_walk(Attempt& attempt) {
    attempt.older_anchors.init_task += 8 * kPageSize;
    return {};
}

// K of random bytes.
Result<> walk_noise(Attempt& attempt) {
    const auto size = attempt.older_memory->bytes().size();
    UniqueFd file(::memfd_create("nap-noise", MFD_CLOEXEC));
    if (!file) return fail_errno("cannot make a file of random bytes");
    std::mt19937_64 random(size);
    std::vector<std::uint64_t> words(kHugePageSize / sizeof(std::uint64_t));
    for (std::size_t done = 0; done < size; done += kHugePageSize) {
        std::ranges::generate(words, [&random] { return random(); });
        NAP_CHECK(write_all(file.get(), std::as_bytes(std::span(words))));
    }
    NAP_TRY(attempt.older_memory, MappedFile::open("/proc/self/fd/" + std::to_string(file.get())));
    return {};
}

// Of both agents, the first call of each name from here on.
Result<> make_slow(Attempt& attempt) {
    NAP_CHECK(ask<true>(attempt, "slow"));
    return ask<false>(attempt, "slow");
}

Result<> flip_contexts(Attempt& attempt) {
    attempt.tamper = [flipped = false](std::vector<std::byte>& bytes) mutable {
        if (!std::exchange(flipped, true)) bytes[bytes.size() / 2] ^= std::byte{0x10};
    };
    return {};
}

Result<> truncate_contexts(Attempt& attempt) {
    attempt.tamper = [](std::vector<std::byte>& bytes) { bytes.resize(bytes.size() / 2); };
    return {};
}

// Nothing can be written to a file any more, until the update has ended.
Result<> refuse_writing(Attempt& attempt) {
    static struct rlimit before {};
    ::signal(SIGXFSZ, SIG_IGN);  // write() answers EFBIG, as it would ENOSPC
    ::getrlimit(RLIMIT_FSIZE, &before);
    const struct rlimit none = {0, before.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &none) != 0) return fail_errno("cannot limit what may be written");
    attempt.injected = Guard(
        []() -> Result<> {
            ::setrlimit(RLIMIT_FSIZE, &before);
            return {};
        },
        {});
    return {};
}

// Nothing more fits into the folder's file system until the update has ended: a file without a name takes all
// that is left, on a tmpfs that a test made small.
Result<> fill(Attempt& attempt, const std::filesystem::path& folder) {
    struct statvfs left {};
    if (::statvfs(folder.c_str(), &left) != 0 || left.f_blocks * left.f_frsize > 8 * kGiB)
        return fail(ErrorKind::refused, folder.string() + " is not on a tmpfs for tests");
    UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) return fail_errno("cannot make a file in " + folder.string());
    off_t size = 0;
    for (off_t piece = kMiB; piece >= static_cast<off_t>(kPageSize);)
        if (::fallocate(file.get(), 0, size, piece) == 0)
            size += piece;
        else
            piece /= 2;
    spdlog::info("update: {} MiB taken of {}", size / kMiB, folder.string());
    attempt.injected = Guard(
        [file = std::make_shared<UniqueFd>(std::move(file))]() -> Result<> {
            file->reset();
            return {};
        },
        {});
    return {};
}

// And time for a machine that runs to notice.
Result<> fill_disk(Attempt& attempt) {
    NAP_CHECK(fill(attempt, attempt.machine.paths.state));
    std::this_thread::sleep_for(std::chrono::seconds(3));
    return {};
}

const std::map<std::string_view, Fault>& faults() {
    static const std::map<std::string_view, Fault> known = {
        {"kill", raise_kill},
        {"newer-killed", kill_newer},
        {"older-killed", kill_older},
        {"newer-hangs", stop_newer},
        {"newer-panics", [](Attempt& attempt) { return ask<true>(attempt, "panic"); }},
        {"newer-triple-faults", [](Attempt& attempt) { return ask<true>(attempt, "triple-fault"); }},
        {"newer-powers-off", [](Attempt& attempt) { return ask<true>(attempt, "power-off"); }},
        {"older-panics", [](Attempt& attempt) { return ask<false>(attempt, "panic"); }},
        {"newer-agent-dies", [](Attempt& attempt) { return ask<true>(attempt, "die"); }},
        {"newer-out-of-memory", [](Attempt& attempt) { return ask<true>(attempt, "exhaust"); }},
        {"restored-task-killed", [](Attempt& attempt) { return ask<true>(attempt, "kill-task"); }},
        {"criu-killed", [](Attempt& attempt) { return ask<true>(attempt, "kill-criu"); }},
        {"criu-killed-after-adoption",
         [](Attempt& attempt) { return ask<true>(attempt, "kill-criu-after-adoption"); }},
        {"newer-module-missing", [](Attempt& attempt) { return ask<true>(attempt, "lose-module"); }},
        {"older-criu-killed", [](Attempt& attempt) { return ask<false>(attempt, "kill-criu-to-come"); }},
        {"older-criu-killed-often", kill_criu_often},
        {"older-agent-dies", [](Attempt& attempt) { return ask<false>(attempt, "die"); }},
        {"older-agent-hangs", [](Attempt& attempt) { return ask<false>(attempt, "hang"); }},
        {"older-moves-pages", [](Attempt& attempt) { return ask<false>(attempt, "move-pages"); }},
        {"newer-agent-hangs", [](Attempt& attempt) { return ask<true>(attempt, "hang"); }},
        {"newer-module-fails", [](Attempt& attempt) { return ask<true>(attempt, "fail-adoption"); }},
        {"map-not-withheld", take_withheld},
        {"map-outside", name_outside},
        {"map-twice", name_twice},
        {"walk-misled", mislead_walk},
        {"walk-noise", walk_noise},
        {"contexts-flipped", flip_contexts},
        {"contexts-truncated", truncate_contexts},
        {"slow", make_slow},
        {"state-full", refuse_writing},
        {"memory-full", [](Attempt& attempt) { return fill(attempt, attempt.machine.paths.memory); }},
        {"disk-full", fill_disk},
    };
    return known;
}

}  // namespace

Result<> Attempt::point(std::string_view name) {
    std::string_view fault = testing.fault, kind = "error";
    if (const auto colon = fault.find(':'); colon != fault.npos) {
        kind = fault.substr(0, colon);
        fault.remove_prefix(colon + 1);
    }
    if (fault.empty() || fault != name) return {};
    spdlog::info("update: a fault is injected at {}: {}", name, kind);
    if (kind == "error") return fail(ErrorKind::internal, "a fault was injected at " + std::string(name));
    const auto known = faults().find(kind);
    if (known == faults().end())
        return fail(ErrorKind::usage, "there is no fault named " + std::string(kind));
    return known->second(*this);
}

}  // namespace nap::update
