// SPDX-License-Identifier: GPL-2.0-only
// Restore: the newer kernel recreates the processes and adopts their pages; then the host reads the newer
// kernel's page tables and compares, page for page. The restored tasks stay frozen.
#include <spdlog/fmt/fmt.h>

#include <cstring>

#include "context/verify.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"
#include "walk/walk.hpp"

namespace nap::update {

namespace {

using channel::Json;
constexpr std::uint64_t kMostCounted = 1ULL << 60;  // sums of a few do not overflow

Result<> send_interrupted_calls(Attempt& attempt) {
    const auto passed = std::chrono::steady_clock::now() - attempt.calls_at;
    auto calls = attempt.interrupted_calls;
    context::pass(calls, std::chrono::nanoseconds(passed).count());
    if (!calls.empty()) NAP_CHECK(attempt.restore_call->send(context::encode(calls), 3));
    return attempt.restore_call->send_end(3);
}

Result<> send_plan(Attempt& attempt) {
    const RunningMachine& machine = attempt.machine;
    NAP_CHECK(attempt.restore_call->send(context::encode(attempt.plan), 1));
    NAP_CHECK(attempt.restore_call->send_end(1));
    if (!attempt.plan.spilled.empty()) {
        std::vector<std::byte> bytes(attempt.plan.spilled.size() * kPageSize);
        auto* to = bytes.data();
        for (PageFrame frame : attempt.plan.spilled) {
            if (!machine.layout.kernel_frames().contains(frame))
                return fail(ErrorKind::internal, "a spilled page lies outside the older kernel's memory");
            std::memcpy(to, attempt.older_memory->bytes().data() + frame.address().value, kPageSize);
            to += kPageSize;
        }
        NAP_CHECK(attempt.restore_call->send(bytes, 2));
    }
    NAP_CHECK(attempt.restore_call->send_end(2));
    NAP_CHECK(send_interrupted_calls(attempt));
    NAP_CHECK(attempt.restore_call->send(context::encode(attempt.connections), 4));
    NAP_CHECK(attempt.restore_call->send_end(4));
    NAP_CHECK(attempt.restore_call->send(std::as_bytes(std::span(attempt.accounts)), 5));
    return attempt.restore_call->send_end(5);
}

double per_page(std::uint64_t nanoseconds, std::uint64_t pages) {
    return pages == 0 ? 0 : static_cast<double>(nanoseconds) / static_cast<double>(pages);
}

// What the module says it did must be what the plan says.
Result<> account(Attempt& attempt, const Json& reply) {
    Report& report = attempt.report;
    auto adopted = reply.find("adopted");
    if (adopted == reply.end())
        return fail(ErrorKind::protocol, "the agent's answer to restore does not say what was adopted");
    auto number = [&adopted](const char* key) {
        return agent::number(*adopted, key, "restore", kMostCounted);
    };
    NAP_TRY(attempt.newer_init_host_pid, agent::process_id(reply, "host_pid", "restore"));
    NAP_TRY(auto small, number("pages_small"));
    NAP_TRY(auto huge, number("pages_huge"));
    NAP_TRY(auto shared, number("pages_shared"));
    NAP_TRY(auto copied, number("pages_copied"));
    NAP_TRY(auto spilled, number("pages_spilled"));
    NAP_TRY(auto ns_small, number("ns_small"));
    NAP_TRY(auto ns_huge, number("ns_huge"));
    if (small + huge + shared + copied < attempt.plan.adopted)
        return fail(ErrorKind::guest, fmt::format("the newer kernel adopted {} of {} pages",
                                                  small + huge + shared + copied, attempt.plan.adopted));
    report.huge_pages_adopted = huge / kHugePagePages;
    report.pages_shared = shared;
    report.pages_spilled = spilled;
    report.adopt_small_ns_per_page = per_page(ns_small, small + shared);
    report.adopt_huge_ns_per_page = per_page(ns_huge, huge);
    report.processes = attempt.page_map.tasks.size();
    report.pages_total = attempt.plan.total;
    report.pages_carried = attempt.plan.carried;
    if (attempt.plan.adopted + attempt.plan.spilled_mappings + attempt.plan.carried != attempt.plan.total)
        return fail(ErrorKind::internal, "the plan does not account for every page of the page map");
    return {};
}

Result<> verify_pages(Attempt& attempt) {
    auto step = attempt.timeline.step("verify page map");
    auto user = attempt.machine.layout.user_frames();
    NAP_TRY(auto newer, walk::walk(attempt.newer_memory->bytes(), attempt.newer_kernel.layout,
                                   attempt.newer_anchors, attempt.newer_init_host_pid, user));
    NAP_CHECK(context::leave_out_vdso(newer, attempt.areas));
    NAP_TRY(context::Verified verified, context::verify(attempt.page_map, newer, attempt.carried, user));
    if (verified.adopted + verified.copied != attempt.plan.adopted ||
        verified.spilled != attempt.plan.spilled_mappings || verified.carried != attempt.plan.carried)
        return fail(
            ErrorKind::protocol,
            fmt::format("of {} pages {} were adopted, {} copied, {} spilled, {} carried: not as planned",
                        attempt.plan.total, verified.adopted, verified.copied, verified.spilled,
                        verified.carried));
    attempt.report.pages_adopted = verified.adopted;
    attempt.report.bytes_copied = verified.copied * kPageSize;
    return {};
}

}  // namespace

Result<> restore(Attempt& attempt) {
    attempt.tell(Phase::restore, 0.85, "recreating the processes");
    {
        auto step = attempt.timeline.step("recreate tasks");
        NAP_CHECK(agent::wait_for_state(*attempt.restore_call, "ready",
                                        attempt.within_pause(attempt.limits.restore)));
    }
    NAP_CHECK(attempt.point("restore.ready"));
    {
        auto step = attempt.timeline.step("adopt");
        NAP_CHECK(send_plan(attempt));
        NAP_CHECK(agent::wait_for_state(*attempt.restore_call, "adopted",
                                        attempt.within_pause(attempt.limits.restore)));
    }
    NAP_CHECK(attempt.point("restore.adopted"));
    {
        auto step = attempt.timeline.step("finish restore");
        NAP_TRY(Json reply, attempt.restore_call->finish(attempt.within_pause(attempt.limits.restore)));
        NAP_CHECK(account(attempt, reply));
        for (auto& warning : agent::warnings_from(reply))
            attempt.report.warnings.push_back(std::move(warning));
        for (const auto& part : agent::steps_from(reply))
            attempt.timeline.told("newer: " + part.step, part.took);
    }
    NAP_CHECK(verify_pages(attempt));
    return attempt.point("restore");
}

}  // namespace nap::update
