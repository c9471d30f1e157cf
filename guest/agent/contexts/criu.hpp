// SPDX-License-Identifier: GPL-2.0-only
// CRIU: our patched one, run with its images and its log in a tmpfs folder of their own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/calls/paths.hpp"
#include "base/error.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// One dump's or restore's folders below /run/nap; earlier ones' contents are removed.
struct CriuFolders {
    std::filesystem::path images;
    std::filesystem::path logs;  // and statistics
    static Result<CriuFolders> make();
    static std::filesystem::path log() { return kCriuLog; }
};

// Those of the dump or restore under way.
std::filesystem::path images_folder();

// What CRIU logs: every line costs, so little, but to find out why it failed.
enum class Verbosity { terse, warnings, everything };

// criu ACTION with its folders and what both actions have in common.
std::vector<std::string> criu_command(std::string_view action, const CriuFolders& folders,
                                      Verbosity verbosity = Verbosity::terse);

// CRIU finds out what this kernel can do and keeps that in /run/criu.kdat, where a dump or restore then need
// not; and its pages come into the page cache. What it misses is no error here: the dump or restore will say.
Result<> warm_criu();

// The lines of CRIU's log that say what went wrong, at most 12, one sentence each.
std::string errors_of(std::string_view log);

// Whether they say more than that it failed.
bool names_reason(std::string_view log);

// Whether what they name may be gone at another moment: it was on its way when the processes stood still.
bool names_something_in_flight(std::string_view log);

// The last lines of it, of so many bytes at most.
std::string end_of_log(std::string_view log, std::size_t most);

// "criu ACTION failed: ..." with them.
Error criu_error(std::string_view what, const CriuFolders& folders);

// An event of the call, {"log": ...}: the end of the log of what failed, for the host to keep.
void send_log(const CriuFolders& folders, channel::Call& call);

}  // namespace nap::agent
