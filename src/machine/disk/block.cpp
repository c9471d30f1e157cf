// SPDX-License-Identifier: GPL-2.0-only
// Builds and changes the graph of block nodes below the root disk.
#include "machine/disk/block.hpp"

#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "channel/json.hpp"
#include "machine/qemu/qemu_command.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kMerge = "merge";  // the block job
constexpr std::chrono::milliseconds kLookAgain{50};
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

// The merge as QEMU knows it; null where there is none.
Result<Json> merge_job(Qmp& qmp) {
    NAP_TRY(auto jobs, qmp.execute("query-jobs"));
    for (const auto& job : jobs)
        if (text_of(job, "id") == kMerge) return job;
    return Json();
}

// Forgets the concluded job; why it failed, if it did.
Result<> conclude(Qmp& qmp, const Json& job) {
    NAP_CHECK(qmp.execute("job-dismiss", {{"id", kMerge}}));
    if (!job.contains("error")) return {};
    return fail(ErrorKind::io, channel::printable(text_of(job, "error")));
}

// A guest that stands still, if it ran, while this lives.
class Standstill {
  public:
    explicit Standstill(Qmp& qmp) : qmp_(qmp) {}
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
    ~Standstill() {
        if (begun_) qmp_.execute("cont");
    }
    Result<> begin() {
        NAP_TRY(auto status, qmp_.execute("query-status"));
        if (text_of(status, "status") != "running") return {};
        begun_ = true;
        NAP_CHECK(qmp_.execute("stop"));
        return {};
    }

  private:
    Qmp& qmp_;
    bool begun_ = false;
};

// What the host still caches: QEMU flushes it when the guest stops, and that is to be short.
void write_back(const std::filesystem::path& path) {
    if (auto file = open_file(path, O_RDONLY)) ::fdatasync(file->get());
}

// Follows the job through its states until it is over. Events only wake: a predecessor may have seen them.
Result<> drive_merge(Qmp& qmp, const Image& image, Standstill& standstill, Clock::time_point deadline) {
    for (bool completing = false;;) {
        NAP_TRY(auto job, merge_job(qmp));
        if (!job.is_object()) return {};
        auto status = text_of(job, "status");
        if (status == "ready" && !std::exchange(completing, true)) {
            write_back(image.path);
            NAP_CHECK(standstill.begin());
            NAP_CHECK(qmp.execute("job-complete", {{"id", kMerge}}));
        }
        if (status == "concluded") return conclude(qmp, job);
        if (Clock::now() > deadline) return fail(ErrorKind::timeout, "it takes too long");
        if (auto change = qmp.wait_event("JOB_STATUS_CHANGE", kLookAgain);
            !change && change.error().kind != ErrorKind::timeout)
            return std::unexpected(change.error());
    }
}

// Does the node of that name exist; is it what the disk reads and writes?
Result<bool> node_exists(Qmp& qmp, std::string_view name) {
    NAP_TRY(auto nodes, qmp.execute("query-named-block-nodes", {{"flat", true}}));
    return std::ranges::any_of(nodes, [&](const Json& node) { return text_of(node, "node-name") == name; });
}

Result<bool> device_uses(Qmp& qmp, std::string_view name) {
    NAP_TRY(auto devices, qmp.execute("query-block"));
    return std::ranges::any_of(devices, [&](const Json& device) {
        return device.contains("inserted") && text_of(device["inserted"], "node-name") == name;
    });
}

// Begins the merge, unless a predecessor has. One that failed is forgotten.
Result<> begin_merge(Qmp& qmp, const Image& image) {
    NAP_TRY(auto job, merge_job(qmp));
    if (job.is_object() && !(text_of(job, "status") == "concluded" && job.contains("error"))) return {};
    if (job.is_object()) NAP_CHECK(qmp.execute("job-dismiss", {{"id", kMerge}}));
    NAP_TRY(bool merged, is_merged(qmp));
    if (merged) return {};
    NAP_CHECK(lend_image(qmp, image, O_RDWR));
    NAP_CHECK(
        qmp.execute("block-commit", {{"job-id", kMerge}, {"device", kRootOverlay}, {"auto-dismiss", false}}));
    return {};
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

Result<bool> is_merged(Qmp& qmp) {
    return device_uses(qmp, kRootImage);
}

Result<> merge_into_image(Qmp& qmp, const Image& image, const std::filesystem::path& overlay,
                          std::chrono::milliseconds limit) {
    auto deadline = Clock::now() + limit;
    qmp.forget_events();
    write_back(overlay);
    Result<> merged = begin_merge(qmp, image);
    {
        Standstill standstill(qmp);
        if (merged) merged = drive_merge(qmp, image, standstill, deadline);
        // From the first write on that goes to the image alone, the overlay must never be merged again
        if (merged) merged = remove_file(overlay);
    }
    if (!merged) {
        if (merged.error().kind == ErrorKind::timeout) qmp.execute("job-cancel", {{"id", kMerge}});
        return std::unexpected(merged.error().within("Merging the overlay into the disk image"));
    }
    // Else QEMU would hold the overlay's memory
    NAP_TRY(bool open, node_exists(qmp, kRootOverlay));
    if (open) NAP_CHECK(qmp.execute("blockdev-del", {{"node-name", kRootOverlay}}));
    if (open) NAP_CHECK(qmp.execute("remove-fd", {{"fdset-id", kOverlaySet}}));
    return {};
}

}  // namespace nap::machine
