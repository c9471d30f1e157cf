// SPDX-License-Identifier: GPL-2.0-only
// merge_without_guest(): the overlay of a generation that died goes into the image.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/process.hpp"
#include "machine/block.hpp"
#include "machine/disk.hpp"
#include "machine/qemu_command.hpp"

namespace nap::machine {

namespace {
constexpr std::chrono::minutes kMergeLimit{10};
}

Result<> merge_without_guest(const std::filesystem::path& overlay, const std::filesystem::path& image,
                             const DiskInfo& info) {
    NAP_CHECK(inspect_disk(overlay, "qcow2"));  // refuses headers that name other files
    auto node = overlay_node();
    node["file"]["filename"] = overlay.string();
    node["backing"] = image_node({image, info.format, info.is_device}, false);
    node["backing"]["file"]["filename"] = image.string();
    for (auto* each : {&node, &node["backing"]}) each->erase("node-name");
    node["backing"].erase("read-only");
    NAP_TRY(auto output, run({.argv = {"qemu-img", "commit", "-q", "json:" + node.dump()}}, kMergeLimit));
    if (output.status != 0)
        return fail(ErrorKind::io,
                    "merging " + overlay.string() + " into " + image.string() + " failed: " + output.out);
    ::unlink(overlay.c_str());
    return {};
}

}  // namespace nap::machine
