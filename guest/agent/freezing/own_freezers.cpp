// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freezing/own_freezers.hpp"

#include <filesystem>
#include <sstream>
#include <string>

#include "agent/calls/paths.hpp"
#include "agent/userland/groups.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

// A path of a "cgroup.freeze" a line.
fs::path kept() {
    return fs::path(kRunDirectory) / "own-freezers";
}

}  // namespace

Result<> thaw_own_freezers() {
    std::string lines;
    for (const fs::path& group : groups_below(kCgroup)) {
        const fs::path freezer = group / "cgroup.freeze";
        auto state = read_file(freezer);
        if (state && state->starts_with("1")) lines += freezer.string() + "\n";
    }
    if (lines.empty()) return {};
    NAP_CHECK(replace_file(kept(), lines));
    std::istringstream freezers(lines);
    for (std::string freezer; std::getline(freezers, freezer);) NAP_CHECK(write_file(freezer, "0"));
    return {};
}

Result<> freeze_own_freezers() {
    auto lines = read_file(kept());
    if (!lines && lines.error().kind == ErrorKind::not_found) return {};
    if (!lines) return std::unexpected(lines.error());
    Result<> outcome;
    std::istringstream freezers(*lines);
    for (std::string freezer; std::getline(freezers, freezer);)
        if (auto frozen = write_file(freezer, "1"); !frozen) outcome = frozen;
    std::error_code ignored;
    fs::remove(kept(), ignored);
    return outcome;
}

}  // namespace nap::agent
