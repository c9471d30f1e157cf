// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/machine_files.hpp"

#include <atomic>
#include <string>

#include "channel/tree.hpp"

namespace nap::update::agent {

namespace {

namespace fs = std::filesystem;
using channel::Json;
constexpr channel::Milliseconds kLimit{60'000};

}  // namespace

fs::path new_scratch(const fs::path& state) {
    static std::atomic<unsigned> made = 0;
    return state / ("incoming-" + std::to_string(made++));
}

MachineFiles::MachineFiles(channel::Link& agent, fs::path scratch)
    : agent_(agent), scratch_(std::move(scratch)) {}

MachineFiles::~MachineFiles() {
    std::error_code ignored;
    fs::remove_all(scratch_, ignored);
}

Result<std::vector<std::string>> MachineFiles::list(const std::string& folder) {
    NAP_TRY(const Json answer, agent_.call("list", {{"path", folder}}, kLimit));
    const auto names = answer.is_object() ? answer.find("names") : answer.end();
    if (names == answer.end() || !names->is_array())
        return fail(ErrorKind::protocol, "the agent's answer to list is not understood");
    std::vector<std::string> all;
    for (const auto& name : *names)
        if (name.is_string()) all.push_back(name.get<std::string>());
    return all;
}

Result<> MachineFiles::receive(const std::string& path, std::size_t limit, const fs::path& into) {
    NAP_TRY(auto call, agent_.start("get", {{"path", path}}));
    channel::TreeReceiver receiver(into, {.entries = 1, .bytes = limit, .symlinks = false}, "file");
    for (;;) {
        NAP_TRY(auto incoming, call->receive(kLimit));
        if (const auto* data = std::get_if<channel::Data>(&incoming)) NAP_CHECK(receiver.feed(data->bytes));
        if (const auto* reply = std::get_if<channel::Reply>(&incoming)) {
            if (!reply->result) return std::unexpected(reply->result.error());
            if (receiver.complete()) return {};
            return fail(ErrorKind::protocol, "the machine sent less of " + path + " than it announced");
        }
    }
}

Result<std::string> MachineFiles::read(const std::string& path, std::size_t limit) {
    std::error_code error;
    fs::create_directories(scratch_, error);
    if (error) return fail_errno("cannot make " + scratch_.string(), error.value());
    const auto file = scratch_ / "file";
    fs::remove_all(file, error);
    if (auto received = receive(path, limit, file); !received)
        return std::unexpected(received.error().within("cannot read " + path + " of the machine"));
    if (!fs::is_regular_file(fs::symlink_status(file, error)))
        return fail(ErrorKind::protocol, path + " of the machine is no regular file");
    auto content = read_file(file, limit);
    fs::remove(file, error);
    return content;
}

}  // namespace nap::update::agent
