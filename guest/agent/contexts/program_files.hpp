// SPDX-License-Identifier: GPL-2.0-only
// Program files: what processes have mapped of programs and libraries and the older kernel holds in its page
// cache. The newer one's is empty: each page would be waited for after the commit, one after the other. It
// reads them ahead while the older one dumps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// A part of a file on the machine's root disk; both in bytes, whole pages.
struct FilePart {
    std::string path;
    std::uint64_t offset = 0, bytes = 0;
    auto operator<=>(const FilePart&) const = default;
};

// One whose name was removed will be there by its hidden name.
struct MappedPart {
    FilePart part;
    std::string range;  // where such a one is mapped: what leads to it meanwhile; else empty
    auto operator<=>(const MappedPart&) const = default;
};

// Of /proc/PID/maps: what is mapped of files, and is not shared memory.
std::vector<MappedPart> mapped_parts(std::string_view maps);

// Of what mincore(2) says of a part's pages: the stretches that are there; short gaps are read, too.
std::vector<FilePart> resident_parts(const FilePart& whole, std::span<const unsigned char> pages);

// Older, while the machine runs: {"parts": [[path, offset, bytes], ...]}.
Result<channel::Json> program_files(Agent& agent, const channel::Json& params, channel::Call& call);

// Newer, with the disk mounted: takes that; what cannot be read is left out.
Result<channel::Json> read_ahead(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
