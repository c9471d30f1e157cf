// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/swap.hpp"

#include <sched.h>
#include <sys/swap.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Json;

namespace {

// Blanks and backslashes are written in octal there: "\040".
std::string unescape(const std::string& text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escaped = text[at] == '\\' && at + 3 < text.size();
        plain +=
            escaped ? static_cast<char>(std::strtol(text.substr(at + 1, 3).c_str(), nullptr, 8)) : text[at];
        if (escaped) at += 3;
    }
    return plain;
}

Result<Json> capture(Agent&, const Task&) {
    NAP_TRY(const std::string swaps, read_file("/proc/swaps"));
    Json captured = Json::array();
    for (const SwapSpace& space : parse_swaps(swaps))
        captured.push_back({{"path", space.path}, {"priority", space.priority}});
    return captured;
}

Result<> put_after(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    const auto init = pids.find(1);
    if (captured.empty() || init == pids.end()) return {};
    return in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(init->second, CLONE_NEWNS));
        for (const Json& space : captured) {
            const std::string path = space.value("path", "");
            const int priority = space.value("priority", -1);
            const int flags = priority < 0 ? 0 : SWAP_FLAG_PREFER | (priority & SWAP_FLAG_PRIO_MASK);
            if (::swapon(path.c_str(), flags) != 0)
                warnings.push_back("the machine does not swap to " + path +
                                   " any more: " + std::strerror(errno));
        }
        return {};
    });
}

}  // namespace

std::vector<SwapSpace> parse_swaps(std::string_view swaps) {
    std::vector<SwapSpace> spaces;
    std::istringstream lines{std::string(swaps)};
    std::string line;
    std::getline(lines, line);  // the columns' names
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string type, size, used;
        SwapSpace space;
        if (!(fields >> space.path >> type >> size >> used >> space.priority)) continue;
        space.path = unescape(space.path);
        spaces.push_back(std::move(space));
    }
    return spaces;
}

const Part kSwap{"swap", capture, nullptr, put_after};

}  // namespace nap::agent
