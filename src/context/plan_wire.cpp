// SPDX-License-Identifier: GPL-2.0-only
// The plan's form on the wire.
#include <bit>
#include <cstring>
#include <string>
#include <type_traits>

#include "context/plan.hpp"

namespace nap::context {

namespace {
static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(Run) == 32 && std::is_trivially_copyable_v<Run>, "struct nap_run");

struct Header {
    std::uint32_t magic, tasks;
};
struct TaskHeader {
    std::int32_t pid;
    std::uint32_t runs;
};
constexpr std::uint32_t kMagic = 0x5070'614e;  // "NapP"

template <class T>
void append(std::vector<std::byte>& bytes, const T& value) {
    const auto added = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), added.begin(), added.end());
}

template <class T>
bool take(std::span<const std::byte>& bytes, T& value) {
    if (bytes.size() < sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes = bytes.subspan(sizeof value);
    return true;
}

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading the plan of adoption failed: " + why + ".");
}
}  // namespace

std::vector<std::byte> encode(const Plan& plan) {
    std::size_t size = sizeof(Header);
    for (const auto& task : plan.tasks) size += sizeof(TaskHeader) + task.runs.size() * sizeof(Run);
    std::vector<std::byte> bytes;
    bytes.reserve(size);
    append(bytes, Header{kMagic, static_cast<std::uint32_t>(plan.tasks.size())});
    for (const auto& task : plan.tasks) {
        append(bytes, TaskHeader{task.pid, static_cast<std::uint32_t>(task.runs.size())});
        const auto runs = std::as_bytes(std::span(task.runs));
        bytes.insert(bytes.end(), runs.begin(), runs.end());
    }
    return bytes;
}

Result<std::vector<TaskPlan>> decode(std::span<const std::byte> bytes) {
    Header header{};
    if (!take(bytes, header) || header.magic != kMagic)
        return malformed("it does not start with its magic number");
    std::vector<TaskPlan> tasks;
    for (std::uint32_t i = 0; i < header.tasks; ++i) {
        TaskHeader task{};
        if (!take(bytes, task)) return malformed("task " + std::to_string(i) + " is cut off");
        if (task.runs > bytes.size() / sizeof(Run))
            return malformed("the runs of process " + std::to_string(task.pid) + " are cut off");
        auto& plan = tasks.emplace_back(TaskPlan{task.pid, std::vector<Run>(task.runs)});
        const auto size = task.runs * sizeof(Run);
        if (size != 0) std::memcpy(plan.runs.data(), bytes.data(), size);
        bytes = bytes.subspan(size);
    }
    if (!bytes.empty())
        return malformed("there are " + std::to_string(bytes.size()) + " bytes more than it has");
    return tasks;
}

}  // namespace nap::context
