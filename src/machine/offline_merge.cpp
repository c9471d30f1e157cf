// SPDX-License-Identifier: GPL-2.0-only
// merge_without_guest(): the overlay of a generation that died goes into the image.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/process.hpp"
#include "machine/block.hpp"
#include "machine/disk.hpp"
#include "machine/qemu_command.hpp"

namespace nap::machine {

namespace {

constexpr std::chrono::minutes kMergeLimit{10};
// qcow2's header (QEMU's docs/interop/qcow2.txt): magic, and from version 3 on the incompatible features.
constexpr std::array<unsigned char, 4> kMagic = {'Q', 'F', 'I', 0xfb};
constexpr std::size_t kLowestFeatures = 79;  // the last byte of a big-endian word
constexpr unsigned kExternalDataFile = 1U << 2;

// The image is named by us, whatever the header says of a backing file; an external data file would be opened
// by its name.
Result<> check_header(const std::filesystem::path& overlay) {
    NAP_TRY(UniqueFd fd, open_file(overlay, O_RDONLY));
    std::array<unsigned char, kLowestFeatures + 1> header{};
    if (::pread(fd.get(), header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()) ||
        !std::equal(kMagic.begin(), kMagic.end(), header.begin()))
        return fail(ErrorKind::protocol, overlay.string() + " is no qcow2 image");
    bool version_2 = header[7] == 2;
    if (!version_2 && (header[kLowestFeatures] & kExternalDataFile) != 0)
        return fail(ErrorKind::protocol, overlay.string() + " keeps its data in another file");
    return {};
}

}  // namespace

Result<> merge_without_guest(const std::filesystem::path& overlay, const std::filesystem::path& image,
                             const DiskInfo& info) {
    NAP_CHECK(check_header(overlay));
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
