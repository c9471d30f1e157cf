// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/unix_backlogs.hpp"

#include <fcntl.h>

#include "agent/contexts/criu.hpp"
#include "agent/freezing/in_flight.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Json;

namespace {

constexpr std::uint32_t kMagic = 0x4b4c4255;

template <class... Values>
void put(std::string& file, Values... values) {
    (file.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
}

}  // namespace

std::string encode_unix_backlogs(std::span<const BacklogConnection> connections) {
    std::string file;
    put(file, kMagic);
    for (const auto& [listener, client, peer, groups, messages, obstacle] : connections) {
        put(file, listener, client, peer.pid, peer.uid, peer.gid, static_cast<std::uint32_t>(groups.size()),
            static_cast<std::uint32_t>(messages.size()));
        for (const std::uint32_t group : groups) put(file, group);
        for (const auto& [sender, text] : messages) {
            put(file, std::uint32_t{sender.pid != 0}, sender.pid, sender.uid, sender.gid,
                static_cast<std::uint32_t>(text.size()));
            file += text;
        }
    }
    return file;
}

// CRIU needs the file while it dumps, too: it refuses what nobody makes again.
Result<Json> capture_unix_backlogs(Agent&, const Task& init) {
    NAP_TRY(const bool waiting, unix_connections_wait());
    if (!waiting) return Json{{"connections", 0}};
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const auto connections, read_unix_backlogs(*kernel, init.host_pid));
    NAP_TRY(const UniqueFd file, open_file(images_folder() / "unix-backlogs", O_WRONLY | O_CREAT | O_TRUNC));
    NAP_CHECK(write_all(file.get(), encode_unix_backlogs(connections)));
    return Json{{"connections", connections.size()}};
}

}  // namespace nap::agent
