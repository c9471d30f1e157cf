// SPDX-License-Identifier: GPL-2.0-only
// merge_without_guest(): the overlay of a generation that died goes into the image.
#include <fcntl.h>
#include <sys/file.h>

#include <nlohmann/json.hpp>

#include "base/process.hpp"
#include "machine/disk/block.hpp"
#include "machine/disk/disk.hpp"
#include "machine/qemu/qemu_command.hpp"

namespace nap::machine {

namespace {
constexpr std::chrono::minutes kMergeLimit{10};
constexpr int kHeld = 3;  // descriptor of qemu-img
}  // namespace

Result<> merge_without_guest(const std::filesystem::path& overlay, const std::filesystem::path& image,
                             const DiskInfo& info) {
    // Held by qemu-img as well: should we die, a successor waits for its end
    NAP_TRY(auto held, open_file(overlay, O_RDONLY));
    if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0)
        return fail_errno("cannot merge " + overlay.string() + ", which another process does");
    NAP_CHECK(inspect_disk(overlay, "qcow2"));  // refuses headers that name other files
    auto node = overlay_node();
    node["file"]["filename"] = overlay.string();
    node["backing"] = image_node({image, info.format, info.is_device}, false);
    node["backing"]["file"]["filename"] = image.string();
    for (auto* each : {&node, &node["backing"]}) each->erase("node-name");
    node["backing"].erase("read-only");
    // -d: the overlay is not emptied, so that a merge that was cut off can be done again
    NAP_TRY(auto output, run({.argv = {"qemu-img", "commit", "-d", "-q", "json:" + node.dump()},
                              .descriptors = {{held.get(), kHeld}}},
                             kMergeLimit));
    if (output.status != 0)
        return fail(ErrorKind::io,
                    "merging " + overlay.string() + " into " + image.string() + " failed: " + output.out);
    return remove_file(overlay);
}

}  // namespace nap::machine
