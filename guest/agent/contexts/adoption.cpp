// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/adoption.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "agent/calls/paths.hpp"

namespace nap::agent {

using channel::Json;

// A plan's runs go to the module as they are.
static_assert(sizeof(context::Run) == sizeof(nap_run));
static_assert(offsetof(context::Run, address) == offsetof(nap_run, address));
static_assert(offsetof(context::Run, frame) == offsetof(nap_run, frame));
static_assert(offsetof(context::Run, source) == offsetof(nap_run, source));
static_assert(offsetof(context::Run, pages) == offsetof(nap_run, pages));
static_assert(offsetof(context::Run, flags) == offsetof(nap_run, flags));
static_assert(context::kRunHuge == NAP_RUN_HUGE && context::kRunShared == NAP_RUN_SHARED &&
              context::kRunSpilled == NAP_RUN_SPILLED);
static_assert(sizeof(context::InterruptedCall) == sizeof(nap_call));
static_assert(offsetof(context::InterruptedCall, address) == offsetof(nap_call, address));
static_assert(offsetof(context::InterruptedCall, time) == offsetof(nap_call, time));
static_assert(offsetof(context::InterruptedCall, bitset) == offsetof(nap_call, bitset));
static_assert(context::kCallSleep == NAP_CALL_SLEEP && context::kCallPoll == NAP_CALL_POLL &&
              context::kCallRealtime == NAP_CALL_REALTIME);

namespace {

__u64 address_of(const void* object) {
    return reinterpret_cast<__u64>(object);
}

std::string refusal(const nap_adopt& request, std::span<const context::TaskPlan> plan, int error) {
    std::string text = "the module did not adopt the pages";
    if (request.error_task < plan.size()) {
        const auto& task = plan[request.error_task];
        text += " of pid " + std::to_string(task.pid);
        if (request.error_run < task.runs.size()) {
            const auto& run = task.runs[request.error_run];
            text += " (address " + std::to_string(run.address) + ", frame " + std::to_string(run.frame) +
                    ", " + std::to_string(run.pages) + " pages)";
        }
    }
    text += ": " + std::generic_category().message(error);
    return text + (request.changed ? "; some pages are adopted already" : "; nothing was changed");
}

}  // namespace

Result<AdoptionDevice> AdoptionDevice::open() {
    NAP_TRY(UniqueFd fd, open_file(kAdoptionDevice, O_RDWR));
    return AdoptionDevice(std::move(fd));
}

Result<nap_status> AdoptionDevice::status() const {
    nap_status status{};
    if (::ioctl(fd_.get(), NAP_IOC_STATUS, &status) != 0) return fail_errno("cannot ask the adoption module");
    return status;
}

Result<UniqueFd> AdoptionDevice::sockets() const {
    UniqueFd sockets(::ioctl(fd_.get(), NAP_IOC_SOCKETS));
    if (!sockets) return fail_errno("the adoption module offers no descriptor for sockets");
    return sockets;
}

Result<nap_adopt> AdoptionDevice::adopt(std::span<const context::TaskPlan> plan,
                                        std::span<const std::byte> spilled, const HostPids& pids) const {
    std::vector<nap_task> tasks;
    for (const auto& task : plan) {
        const auto host_pid = pids.find(task.pid);
        if (host_pid == pids.end())
            return fail(ErrorKind::guest,
                        "the plan names pid " + std::to_string(task.pid) + ", which was not recreated");
        tasks.push_back(
            {host_pid->second, static_cast<__u32>(task.runs.size()), address_of(task.runs.data())});
    }
    nap_adopt request{};
    request.tasks = address_of(tasks.data());
    request.task_count = static_cast<__u32>(tasks.size());
    request.spilled = address_of(spilled.data());
    request.spilled_size = spilled.size();
    request.error_task = request.error_run = ~0U;
    if (::ioctl(fd_.get(), NAP_IOC_ADOPT, &request) != 0)
        return fail(ErrorKind::guest, refusal(request, plan, errno));
    return request;
}

Result<std::uint64_t> AdoptionDevice::touch(std::span<const nap_range> ranges) const {
    std::uint64_t pages = 0;
    while (!ranges.empty()) {
        const auto some = ranges.first(std::min<std::size_t>(ranges.size(), NAP_TOUCH_MOST));
        nap_touch request{};
        request.ranges = address_of(some.data());
        request.count = static_cast<__u32>(some.size());
        if (::ioctl(fd_.get(), NAP_IOC_TOUCH, &request) != 0)
            return fail_errno("the module did not read pages of the tasks");
        pages += request.pages;
        ranges = ranges.subspan(some.size());
    }
    return pages;
}

Result<> AdoptionDevice::go_on_with(std::span<const context::InterruptedCall> calls, pid_t init) const {
    if (calls.empty()) return {};
    nap_calls request{};
    request.calls = address_of(calls.data());
    request.call_count = static_cast<__u32>(calls.size());
    request.init = init;
    if (::ioctl(fd_.get(), NAP_IOC_CALLS, &request) == 0) return {};
    const auto refused = fail_errno("the module cannot let a system call go on");
    if (request.error_call >= calls.size()) return refused;
    const auto& call = calls[request.error_call];
    return fail(ErrorKind::guest, refused.error().message + " (kind " + std::to_string(call.kind) +
                                      ", thread " + std::to_string(call.tid) + ")");
}

Result<> AdoptionDevice::set_ipc_objects(pid_t host_pid, std::span<const nap_ipc_object> objects) const {
    nap_ipc request{};
    request.objects = address_of(objects.data());
    request.count = static_cast<__u32>(objects.size());
    request.pid = host_pid;
    if (::ioctl(fd_.get(), NAP_IOC_IPC, &request) == 0) return {};
    const int error = errno;
    std::string which;
    if (request.error_object < objects.size())
        which = " of System V object " + std::to_string(objects[request.error_object].id) + " (kind " +
                std::to_string(objects[request.error_object].kind) + ")";
    return fail_errno("the module did not set times and process ids" + which, error);
}

Result<nap_accounts> AdoptionDevice::set_accounts(std::span<const std::uint64_t> words) const {
    nap_accounts request{};
    request.words = address_of(words.data());
    request.word_count = words.size();
    if (::ioctl(fd_.get(), NAP_IOC_ACCOUNTS, &request) != 0)
        return fail_errno("the module cannot give the tasks their times and settings");
    return request;
}

Result<> AdoptionDevice::resume() const {
    if (::ioctl(fd_.get(), NAP_IOC_RESUME) != 0) return fail_errno("the adoption module cannot resume");
    return {};
}

Result<nap_settle> AdoptionDevice::settle() const {
    nap_settle settled{};
    if (::ioctl(fd_.get(), NAP_IOC_SETTLE, &settled) != 0)
        return fail_errno("the adoption module cannot settle");
    return settled;
}

Json to_json(const nap_adopt& adopted) {
    return Json{{"pages_small", adopted.pages_small},   {"pages_huge", adopted.pages_huge},
                {"pages_shared", adopted.pages_shared}, {"pages_spilled", adopted.pages_spilled},
                {"pages_copied", adopted.pages_copied}, {"pages_replaced", adopted.pages_replaced},
                {"ns_validate", adopted.ns_validate},   {"ns_small", adopted.ns_small},
                {"ns_huge", adopted.ns_huge},           {"ns_spilled", adopted.ns_spilled},
                {"ns_total", adopted.ns_total}};
}

Json to_json(const nap_settle& settled) {
    return Json{{"references_dropped", settled.references_dropped},
                {"pages_released", settled.pages_released},
                {"spilled_returned", settled.spilled_returned},
                {"spilled_left", settled.spilled_left},
                {"ns", settled.ns}};
}

}  // namespace nap::agent
