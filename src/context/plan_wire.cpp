// SPDX-License-Identifier: GPL-2.0-only
// The plan's form on the wire: small, since a guest takes it in while its machine stands still.
#include <string>

#include "context/plan.hpp"
#include "context/protobuf.hpp"

namespace nap::context {

namespace {

constexpr std::uint32_t kMagic = 0x5170'614e;  // "NapQ"
constexpr unsigned kFlagBits = 3;
constexpr std::uint64_t kLeastRun = 3;  // bytes

// What the next run most often begins with: where the one before ended.
struct Cursor {
    std::uint64_t address = 0, frame = 0, source = 0;

    void pass(const Run& run) {
        address = run.address + run.pages * kPageSize;
        frame = run.frame + run.pages;
        source = run.source + run.pages * kPageSize;
    }
};

// Differences are small either way: the sign goes into the lowest bit.
std::uint64_t zigzag(std::uint64_t difference) {
    return difference << 1 ^ (difference >> 63 != 0 ? ~std::uint64_t{0} : 0);
}

std::uint64_t unzigzag(std::uint64_t value) {
    return value >> 1 ^ ((value & 1) != 0 ? ~std::uint64_t{0} : 0);
}

void append(std::vector<std::byte>& bytes, std::uint64_t varint) {
    for (; varint >= 0x80; varint >>= 7) bytes.push_back(static_cast<std::byte>(varint | 0x80));
    bytes.push_back(static_cast<std::byte>(varint));
}

void append(std::vector<std::byte>& bytes, const Run& run, Cursor& cursor) {
    append(bytes, std::uint64_t{run.pages} << kFlagBits | run.flags);
    append(bytes, zigzag(run.address - cursor.address));
    append(bytes, zigzag(run.frame - cursor.frame));
    if ((run.flags & kRunSpilled) != 0) append(bytes, zigzag(run.source - cursor.source));
    cursor.pass(run);
}

std::optional<Run> take_run(Bytes& bytes, Cursor& cursor) {
    const auto head = bytes.varint(), address = bytes.varint(), frame = bytes.varint();
    if (!head || !address || !frame || *head >> kFlagBits > UINT32_MAX) return std::nullopt;
    Run run;
    run.pages = static_cast<std::uint32_t>(*head >> kFlagBits);
    run.flags = static_cast<std::uint32_t>(*head & ((1U << kFlagBits) - 1));
    run.address = cursor.address + unzigzag(*address);
    run.frame = cursor.frame + unzigzag(*frame);
    if ((run.flags & kRunSpilled) != 0) {
        const auto source = bytes.varint();
        if (!source) return std::nullopt;
        run.source = cursor.source + unzigzag(*source);
    }
    cursor.pass(run);
    return run;
}

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading the plan of adoption failed: " + why + ".");
}

Result<TaskPlan> take_task(Bytes& bytes, std::uint64_t number) {
    const auto pid = bytes.varint(), runs = bytes.varint();
    if (!pid || !runs || *pid > INT32_MAX) return malformed("task " + std::to_string(number) + " is cut off");
    if (*runs > bytes.size() / kLeastRun)
        return malformed("the runs of process " + std::to_string(*pid) + " are cut off");
    TaskPlan task{static_cast<std::int32_t>(*pid), {}};
    task.runs.reserve(*runs);
    Cursor cursor;
    for (std::uint64_t i = 0; i < *runs; ++i) {
        const auto run = take_run(bytes, cursor);
        if (!run) return malformed("a run of process " + std::to_string(*pid) + " is cut off");
        task.runs.push_back(*run);
    }
    return task;
}

}  // namespace

std::vector<std::byte> encode(const Plan& plan) {
    std::vector<std::byte> bytes;
    for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(kMagic >> shift));
    append(bytes, plan.tasks.size());
    for (const auto& task : plan.tasks) {
        append(bytes, static_cast<std::uint64_t>(task.pid));
        append(bytes, task.runs.size());
        Cursor cursor;
        for (const auto& run : task.runs) append(bytes, run, cursor);
    }
    return bytes;
}

Result<std::vector<TaskPlan>> decode(std::span<const std::byte> wire) {
    Bytes bytes(wire);
    if (bytes.word() != kMagic) return malformed("it does not start with its magic number");
    const auto count = bytes.varint();
    if (!count) return malformed("it ends before its first task");
    std::vector<TaskPlan> tasks;
    for (std::uint64_t i = 0; i < *count; ++i) {
        NAP_TRY(auto task, take_task(bytes, i));
        tasks.push_back(std::move(task));
    }
    if (!bytes.empty())
        return malformed("there are " + std::to_string(bytes.size()) + " bytes more than it has");
    return tasks;
}

}  // namespace nap::context
