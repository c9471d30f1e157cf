// SPDX-License-Identifier: GPL-2.0-only
// What an update borrows of the older generation and makes beside it, as guards that give it back. An update
// takes each just before it borrows; a successor of a dead supervisor takes them all, and gives back what it
// finds. Giving back what was not taken changes nothing.
#pragma once

#include <filesystem>

#include "update/attempt.hpp"

namespace nap::update {

// A file, or a folder with all that is in it. None there: done.
Result<> discard(const std::filesystem::path& path);

Guard made_files(Attempt& attempt);    // of the newer generation, and CRIU's images
Guard made_overlay(Attempt& attempt);  // part of the disk, were it still there when the older kernel writes
Guard quieted(Attempt& attempt);       // khugepaged and the like
Guard frozen_tasks(Attempt& attempt);  // the userland
Guard handed_network(Attempt& attempt);
Guard frozen_file_systems(Attempt& attempt);
Guard stopped_cpus(Attempt& attempt);

}  // namespace nap::update
