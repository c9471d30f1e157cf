// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/files.hpp"

#include <sched.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <variant>

#include "agent/calls/params.hpp"
#include "agent/userland/namespaces.hpp"
#include "agent/userland/tasks.hpp"
#include "channel/tree.hpp"

namespace nap::agent {

using channel::Call;

namespace {

constexpr std::chrono::minutes kPeerLimit{10};
constexpr std::size_t kMostNames = 4096;

// Runs `work` in the userland's mount namespace, with its root as ours.
Result<> in_userland_files(const std::function<Result<>()>& work) {
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    return in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(init->host_pid, CLONE_NEWNS));
        return work();
    });
}

Result<std::string> absolute_path(const Json& params) {
    auto path = text(params, "path");
    if (path && (path->empty() || path->front() != '/'))
        return fail(ErrorKind::usage, "the path \"" + *path + "\" must begin with /");
    return path;
}

}  // namespace

Result<> receive_tree(Call& call, channel::TreeReceiver& receiver) {
    for (;;) {
        NAP_TRY(const channel::Incoming incoming, call.receive(kPeerLimit));
        if (auto* data = std::get_if<channel::Data>(&incoming); data && data->part == 0)
            NAP_CHECK(receiver.feed(data->bytes));
        if (auto* end = std::get_if<channel::End>(&incoming); end && end->part == 0) break;
    }
    if (!receiver.complete())
        return fail(ErrorKind::protocol, "the files broke off before their end, at " + receiver.path());
    return {};
}

Result<Json> put(Agent&, const Json& params, Call& call) {
    NAP_TRY(const std::string path, absolute_path(params));
    std::uint64_t bytes = 0;
    const auto received = in_userland_files([&]() -> Result<> {
        channel::TreeReceiver receiver(path);
        NAP_CHECK(receive_tree(call, receiver));
        bytes = receiver.bytes();
        return {};
    });
    NAP_CHECK(received);
    return Json{{"bytes", bytes}};
}

Result<Json> get(Agent&, const Json& params, Call& call) {
    NAP_TRY(const std::string path, absolute_path(params));
    const auto sent = in_userland_files([&]() -> Result<> {
        NAP_CHECK(
            channel::send_tree(path, [&](std::span<const std::byte> bytes) { return call.send(bytes); }));
        return call.send_end();
    });
    NAP_CHECK(sent);
    return Json::object();
}

Result<Json> list(Agent&, const Json& params, Call&) {
    NAP_TRY(const std::string path, absolute_path(params));
    Json names = Json::array();
    const auto listed = in_userland_files([&]() -> Result<> {
        std::error_code error;
        for (std::filesystem::directory_iterator entry(path, error), end;
             !error && entry != end && names.size() < kMostNames; entry.increment(error))
            names.push_back(entry->path().filename().string());
        if (error) return fail_errno("cannot read the folder " + path, error.value());
        return {};
    });
    NAP_CHECK(listed);
    return Json{{"names", std::move(names)}};
}

}  // namespace nap::agent
