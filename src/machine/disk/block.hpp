// SPDX-License-Identifier: GPL-2.0-only
// The root disk inside QEMU: its block nodes, and how a newer generation's overlay gets its backing and is
// merged.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/error.hpp"
#include "machine/qemu/qmp.hpp"

namespace nap::machine {

struct Image {
    std::filesystem::path path;
    std::string format;
    bool is_device = false;
};

// Sets of descriptors inside QEMU: it opens a member where it is told to open "/dev/fdset/N", if one has the
// access it wants.
enum FdSet : int { kConsoleSet = 1, kImageSet, kOverlaySet };
std::string fdset_path(FdSet set);

// Pure: what -blockdev and blockdev-add are told. The files are what the sets hold.
nlohmann::json image_node(const Image& image, bool read_only);
nlohmann::json overlay_node();  // without backing

// The image, opened now and for reading only, becomes what the overlay does not hold. Whoever else has it
// open must have stopped and flushed. Nothing is written to the image.
Result<> attach_backing(Qmp& qmp, const Image& image);

// The guest running on, but for the moment in which the device moves: what the overlay holds goes into the
// image, which QEMU may write to from now on, the device moves to the image, the overlay is removed for good
// (were it merged again later, it would undo what was written since), and closed. After an error the device
// is still on the overlay. Done again, it does what is left.
Result<> merge_into_image(Qmp& qmp, const Image& image, const std::filesystem::path& overlay,
                          std::chrono::milliseconds limit);
Result<bool> is_merged(Qmp& qmp);  // the device has moved

}  // namespace nap::machine
