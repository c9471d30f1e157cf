// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/inotify.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "agent/calls/paths.hpp"
#include "agent/carried/part_file.hpp"
#include "agent/files/owned_descriptor.hpp"
#include "agent/kernel_memory/notify_queues.hpp"
#include "base/fd.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

namespace {

using channel::Json;

Json to_json(const NotifyQueue& queue, const Task& task, const std::vector<std::int32_t>& once) {
    Json events = Json::array();
    for (const auto& [wd, mask, cookie, name] : queue.events)
        events.push_back({{"wd", wd}, {"mask", mask}, {"cookie", cookie}, {"name", to_binary(name)}});
    return {{"pid", task.pid},
            {"fd", queue.file.fd},
            {"max_events", queue.max_events},
            {"next_watch", queue.next_watch},
            {"once", once},
            {"events", std::move(events)}};
}

Result<> put_back_queue(int module, const Json& queue, const HostPids& pids) {
    NAP_TRY(const UniqueFd fd, owned_descriptor(queue, pids));
    NAP_TRY(const auto records, notify_records(queue.at("events")));
    const auto once = queue.at("once").get<std::vector<std::int32_t>>();
    nap_inotify request{};
    request.fd = fd.get();
    request.max_events = queue.at("max_events").get<std::uint32_t>();
    request.next_watch = queue.at("next_watch").get<std::uint32_t>();
    request.once = reinterpret_cast<std::uintptr_t>(once.data());
    request.once_count = static_cast<std::uint32_t>(once.size());
    request.events = reinterpret_cast<std::uintptr_t>(records.data());
    request.size = records.size();
    if (::ioctl(module, NAP_IOC_INOTIFY, &request) != 0)
        return fail_errno("the adoption module cannot put them back");
    return {};
}

}  // namespace

std::vector<std::int32_t> parse_once(std::string_view fdinfo) {
    std::vector<std::int32_t> once;
    std::istringstream lines{std::string(fdinfo)};
    for (std::string line; std::getline(lines, line);) {
        const auto wd = line.find("wd:"), mask = line.find("mask:");
        if (!line.starts_with("inotify ") || wd == std::string::npos || mask == std::string::npos) continue;
        if ((std::strtoul(line.c_str() + mask + 5, nullptr, 16) & IN_ONESHOT) != 0)
            once.push_back(static_cast<std::int32_t>(std::strtol(line.c_str() + wd + 3, nullptr, 16)));
    }
    return once;
}

Result<std::vector<std::byte>> notify_records(const Json& events) {
    std::vector<std::byte> records;
    for (const Json& told : events) {
        NAP_TRY(const std::string name, from_binary(told.at("name")));
        inotify_event event{};
        event.wd = told.at("wd").get<std::int32_t>();
        event.mask = told.at("mask").get<std::uint32_t>();
        event.cookie = told.at("cookie").get<std::uint32_t>();
        event.len = static_cast<std::uint32_t>(name.size());
        const auto head = std::as_bytes(std::span(&event, 1)), rest = std::as_bytes(std::span(name));
        records.insert(records.end(), head.begin(), head.end());
        records.insert(records.end(), rest.begin(), rest.end());
    }
    return records;
}

Result<> prepare_inotify() {
    NAP_CHECK(NotifyQueues::get());
    return {};
}

Result<Json> capture_inotify(Agent&, const Task&) {
    NAP_TRY(const NotifyQueues* queues, NotifyQueues::get());
    NAP_TRY(const auto found, queues->read());
    Json captured = Json::array();
    for (const auto& queue : found) {
        const std::string process = "/proc/" + std::to_string(queue.file.host_pid);
        NAP_TRY(const std::string status, read_file(process + "/status"));
        const auto task = parse_status(status);
        if (!task) continue;  // not of the userland
        NAP_TRY(const std::string fdinfo, read_file(process + "/fdinfo/" + std::to_string(queue.file.fd)));
        captured.push_back(to_json(queue, *task, parse_once(fdinfo)));
    }
    return captured;
}

Result<> put_back_inotify(Agent&, const Json& captured, const HostPids& pids, Warnings&) {
    NAP_TRY(const UniqueFd module, open_file(kAdoptionDevice, O_RDWR));
    for (const Json& queue : captured)
        if (auto done = put_back_queue(module.get(), queue, pids); !done)
            return std::unexpected(done.error().within("pid " + std::to_string(queue.at("pid").get<int>())));
    return {};
}

}  // namespace nap::agent
