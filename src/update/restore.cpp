// SPDX-License-Identifier: GPL-2.0-only
// Restore: the newer kernel recreates the processes and adopts their pages; then the host reads the newer
// kernel's page tables and compares, page for page. The restored tasks stay frozen.
#include <spdlog/fmt/fmt.h>

#include <cstring>

#include "context/verify.hpp"
#include "update/attempt.hpp"
#include "walk/walk.hpp"

namespace nap::update {

namespace {

using channel::Json;

Result<> wait_for(Attempt& attempt, std::string_view state) {
    for (;;) {
        NAP_TRY(auto incoming, attempt.restore_call->receive(attempt.limits.restore));
        if (auto* event = std::get_if<channel::Event>(&incoming)) {
            if (event->content.is_object() && event->content.value("state", "") == state) return {};
        } else if (auto* reply = std::get_if<channel::Reply>(&incoming)) {
            if (!reply->result) return std::unexpected(reply->result.error());
            return fail(ErrorKind::protocol,
                        fmt::format("the newer kernel's agent ended restore before {}", state));
        }
    }
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
    return attempt.restore_call->send_end(2);
}

double per_page(std::uint64_t nanoseconds, std::uint64_t pages) {
    return pages == 0 ? 0 : static_cast<double>(nanoseconds) / static_cast<double>(pages);
}

// What the module says it did must be what the plan says.
Result<> account(Attempt& attempt, const Json& reply) {
    Report& report = attempt.report;
    try {
        const Json& adopted = reply.at("adopted");
        auto number = [&adopted](const char* key) { return adopted.at(key).get<std::uint64_t>(); };
        attempt.newer_init_host_pid = reply.at("host_pid").get<std::int32_t>();
        std::uint64_t small = number("pages_small"), huge = number("pages_huge"),
                      shared = number("pages_shared"), copied = number("pages_copied"),
                      spilled = number("pages_spilled");
        if (small + huge + shared + copied < attempt.plan.adopted)
            return fail(ErrorKind::guest, fmt::format("the newer kernel adopted {} of {} pages",
                                                      small + huge + shared + copied, attempt.plan.adopted));
        report.huge_pages_adopted = huge / kHugePagePages;
        report.pages_shared = shared;
        report.pages_spilled = spilled;
        report.adopt_small_ns_per_page = per_page(number("ns_small"), small + shared);
        report.adopt_huge_ns_per_page = per_page(number("ns_huge"), huge);
    } catch (const Json::exception& exception) {
        return fail(ErrorKind::protocol,
                    std::string("the agent's answer to restore is not what it must be: ") + exception.what());
    }
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
        NAP_CHECK(wait_for(attempt, "ready"));
    }
    NAP_CHECK(attempt.testing.point("restore.ready"));
    {
        auto step = attempt.timeline.step("adopt");
        NAP_CHECK(send_plan(attempt));
        NAP_CHECK(wait_for(attempt, "adopted"));
    }
    NAP_CHECK(attempt.testing.point("restore.adopted"));
    {
        auto step = attempt.timeline.step("finish restore");
        NAP_TRY(Json reply, attempt.restore_call->finish(attempt.limits.restore));
        NAP_CHECK(account(attempt, reply));
    }
    NAP_CHECK(verify_pages(attempt));
    return attempt.testing.point("restore");
}

}  // namespace nap::update
