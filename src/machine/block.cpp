// SPDX-License-Identifier: GPL-2.0-only
// Builds and changes the graph of block nodes below the root disk.
#include "machine/block.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "machine/qemu_command.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kMerge = "merge";  // the block job

// Between generations locking is Nap's business: lock_disk().
Json file_node(const std::string& driver, const std::filesystem::path& path) {
    return {{"driver", driver},
            {"filename", path.string()},
            {"locking", "off"},
            {"discard", "unmap"},
            {"cache", {{"direct", false}, {"no-flush", false}}}};
}

// Why the concluded job failed, if it did; then it is forgotten.
Result<> conclude(Qmp& qmp) {
    NAP_TRY(auto jobs, qmp.execute("query-jobs"));
    Result<> outcome;
    for (const auto& job : jobs)
        if (job.value("id", "") == kMerge && job.contains("error"))
            outcome = fail(ErrorKind::io, job.value("error", "no reason given"));
    NAP_CHECK(qmp.execute("job-dismiss", {{"id", kMerge}}));
    return outcome;
}

// Follows the job through its states until it is over.
Result<> drive_merge(Qmp& qmp, Clock::time_point deadline) {
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        NAP_TRY(auto change,
                qmp.wait_event("JOB_STATUS_CHANGE", std::max(left, std::chrono::milliseconds(0))));
        if (change.value("id", "") != kMerge) continue;
        auto status = change.value("status", "");
        if (status == "ready") NAP_CHECK(qmp.execute("job-complete", {{"id", kMerge}}));
        if (status == "concluded") return conclude(qmp);
    }
}

}  // namespace

Json image_node(const Image& image, bool read_only) {
    return {{"driver", image.format},
            {"node-name", kRootImage},
            {"read-only", read_only},
            {"discard", "unmap"},
            {"file", file_node(image.is_device ? "host_device" : "file", image.path)}};
}

Json overlay_node(const std::filesystem::path& overlay) {
    return {{"driver", "qcow2"},
            {"node-name", kRootOverlay},
            {"backing", nullptr},
            {"discard", "unmap"},
            {"file", file_node("file", overlay)}};
}

Result<> attach_backing(Qmp& qmp, const Image& image, const std::filesystem::path& overlay) {
    NAP_CHECK(qmp.execute("blockdev-add", image_node(image, true)));
    auto with_backing = overlay_node(overlay);
    with_backing["backing"] = kRootImage;
    auto reopened = qmp.execute("blockdev-reopen", {{"options", Json::array({with_backing})}});
    if (!reopened) {
        // Leave no node behind: the caller may try again
        qmp.execute("blockdev-del", {{"node-name", kRootImage}});
        return std::unexpected(reopened.error().within("Putting the disk image " + image.path.string() +
                                                       " under the newer generation's overlay"));
    }
    return {};
}

Result<> merge_into_image(Qmp& qmp, std::chrono::milliseconds limit) {
    auto deadline = Clock::now() + limit;
    auto within = [](const Error& error) {
        return std::unexpected(error.within("Merging the overlay into the disk image"));
    };
    qmp.forget_events();
    auto started =
        qmp.execute("block-commit", {{"job-id", kMerge}, {"device", kRootOverlay}, {"auto-dismiss", false}});
    if (!started) return within(started.error());
    if (auto merged = drive_merge(qmp, deadline); !merged) {
        if (merged.error().kind == ErrorKind::timeout) qmp.execute("job-cancel", {{"id", kMerge}});
        return within(merged.error());
    }
    NAP_CHECK(qmp.execute("blockdev-del", {{"node-name", kRootOverlay}}));
    return {};
}

}  // namespace nap::machine
