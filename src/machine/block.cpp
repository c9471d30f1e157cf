// SPDX-License-Identifier: GPL-2.0-only
// Builds and changes the graph of block nodes below the root disk.
#include "machine/block.hpp"

#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "channel/json.hpp"
#include "machine/qemu_command.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kMerge = "merge";  // the block job
constexpr std::chrono::seconds kAnswerLimit{10};

// Between generations locking is Nap's business: lock_disk().
Json file_node(const std::string& driver, FdSet set) {
    return {{"driver", driver},
            {"filename", fdset_path(set)},
            {"locking", "off"},
            {"discard", "unmap"},
            {"cache", {{"direct", false}, {"no-flush", false}}}};
}

Result<> lend_image(Qmp& qmp, const Image& image, int access) {
    NAP_TRY(auto file, open_file(image.path, access));
    NAP_CHECK(qmp.execute("add-fd", {{"fdset-id", kImageSet}}, kAnswerLimit, file.get()));
    return {};
}

std::string text_of(const Json& json, const char* key) {
    auto* found = channel::text_in(json, key);
    return found ? *found : "";
}

// Why the concluded job failed, if it did; then it is forgotten.
Result<> conclude(Qmp& qmp) {
    NAP_TRY(auto jobs, qmp.execute("query-jobs"));
    Result<> outcome;
    for (const auto& job : jobs)
        if (text_of(job, "id") == kMerge && job.contains("error"))
            outcome = fail(ErrorKind::io, channel::printable(text_of(job, "error")));
    NAP_CHECK(qmp.execute("job-dismiss", {{"id", kMerge}}));
    return outcome;
}

// Follows the job through its states until it is over.
Result<> drive_merge(Qmp& qmp, Clock::time_point deadline) {
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        NAP_TRY(auto change,
                qmp.wait_event("JOB_STATUS_CHANGE", std::max(left, std::chrono::milliseconds(0))));
        if (text_of(change, "id") != kMerge) continue;
        auto status = text_of(change, "status");
        if (status == "ready") NAP_CHECK(qmp.execute("job-complete", {{"id", kMerge}}));
        if (status == "concluded") return conclude(qmp);
    }
}

}  // namespace

std::string fdset_path(FdSet set) {
    return "/dev/fdset/" + std::to_string(set);
}

Json image_node(const Image& image, bool read_only) {
    Json node = {{"driver", image.format},
                 {"node-name", kRootImage},
                 {"read-only", read_only},
                 {"discard", "unmap"},
                 {"file", file_node(image.is_device ? "host_device" : "file", kImageSet)}};
    // Whatever its header says by now
    if (image.format == "qcow2") node["backing"] = nullptr;
    return node;
}

Json overlay_node() {
    return {{"driver", "qcow2"},
            {"node-name", kRootOverlay},
            {"backing", nullptr},
            {"discard", "unmap"},
            {"file", file_node("file", kOverlaySet)}};
}

Result<> attach_backing(Qmp& qmp, const Image& image) {
    NAP_CHECK(lend_image(qmp, image, O_RDONLY));
    NAP_CHECK(qmp.execute("blockdev-add", image_node(image, true)));
    auto with_backing = overlay_node();
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

Result<> merge_into_image(Qmp& qmp, const Image& image, std::chrono::milliseconds limit) {
    auto deadline = Clock::now() + limit;
    auto within = [](const Error& error) {
        return std::unexpected(error.within("Merging the overlay into the disk image"));
    };
    if (auto lent = lend_image(qmp, image, O_RDWR); !lent) return within(lent.error());
    qmp.forget_events();
    auto started =
        qmp.execute("block-commit", {{"job-id", kMerge}, {"device", kRootOverlay}, {"auto-dismiss", false}});
    if (!started) return within(started.error());
    if (auto merged = drive_merge(qmp, deadline); !merged) {
        if (merged.error().kind == ErrorKind::timeout) qmp.execute("job-cancel", {{"id", kMerge}});
        return within(merged.error());
    }
    NAP_CHECK(qmp.execute("blockdev-del", {{"node-name", kRootOverlay}}));
    // Else QEMU would hold the overlay's memory
    NAP_CHECK(qmp.execute("remove-fd", {{"fdset-id", kOverlaySet}}));
    return {};
}

}  // namespace nap::machine
