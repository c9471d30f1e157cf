// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/carried_sockets.hpp"

#include "agent/files/owned_descriptor.hpp"
#include "agent/kernel_memory/userland_pids.hpp"
#include "agent/sockets/options.hpp"
#include "agent/sockets/queues.hpp"
#include "agent/sockets/seen_socket.hpp"
#include "agent/sockets/told.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

using channel::Json;

// Null where CRIU carries all of it.
Result<Json> describe(const RunningKernel& kernel, const SeenSocket& socket) {
    Json told = Json::object();
    if (Json state = state_of(socket); !state.empty()) told["state"] = std::move(state);
    NAP_TRY(Json queues, queues_of(kernel, socket));
    if (!queues.empty()) told["queues"] = std::move(queues);
    NAP_TRY(Json options, options_of(kernel, socket));
    if (!options.empty()) told["options"] = std::move(options);
    return told.empty() ? Json() : told;
}

std::string name_of(const Json& told) {
    return "socket " + std::to_string(told.at("fd").get<int>()) + " of pid " +
           std::to_string(told.at("pid").get<int>());
}

Result<> put_back(int module, int fd, const Json& told, Warnings& warnings) {
    if (const auto options = told.find("options"); options != told.end()) {
        NAP_TRY(const std::string refused, set_options(fd, *options));
        if (!refused.empty())
            warnings.push_back("The newer kernel refuses options of " + name_of(told) + ": " + refused + ".");
    }
    if (const auto state = told.find("state"); state != told.end()) NAP_CHECK(set_state(module, fd, *state));
    if (const auto queues = told.find("queues"); queues != told.end())
        NAP_CHECK(fill_queues(module, fd, *queues));
    return {};
}

}  // namespace

Result<Json> capture_sockets(Agent&, const Task&) {
    NAP_TRY(const SocketSearch* search, SocketSearch::get());
    NAP_TRY(const auto sockets, search->run());
    NAP_TRY(const UserlandPids pids, UserlandPids::look());
    Json captured = Json::array();
    for (const SeenSocket& socket : sockets) {
        NAP_TRY(Json told, describe(search->kernel(), socket));
        if (told.is_null()) continue;
        const pid_t pid = pids.of(socket.file().host_pid);
        if (pid == 0) continue;
        told["pid"] = pid, told["fd"] = socket.file().fd;
        captured.push_back(std::move(told));
    }
    return captured;
}

Result<> put_back_sockets(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    if (captured.empty()) return {};
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_TRY(const UniqueFd module, device.sockets());
    for (const Json& told : captured) {
        const auto fd = owned_descriptor(told, pids);
        if (!fd) return std::unexpected(fd.error().within(name_of(told)));
        if (auto done = put_back(module.get(), fd->get(), told, warnings); !done)
            return std::unexpected(done.error().within(name_of(told)));
    }
    return {};
}

}  // namespace nap::agent
