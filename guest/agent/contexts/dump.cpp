// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/dump.hpp"

#include <chrono>
#include <string>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/carried/part.hpp"
#include "agent/check/deleted_files.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/userland/freeze.hpp"
#include "agent/userland/namespaces.hpp"
#include "agent/userland/tasks.hpp"
#include "base/process.hpp"
#include "channel/tree.hpp"

namespace nap::agent {

using channel::Call;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kDumpLimit{60'000};
constexpr milliseconds kFrozenAgainLimit{2'000};

std::int64_t since(Clock::time_point begin) {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin).count();
}

Result<> run_criu(const CriuFolders& folders, pid_t init) {
    NAP_TRY(const ino_t network, network_namespace_inode());
    Command command;
    command.argv = criu_command("dump", folders);
    for (const auto& argument :
         {std::string("-t"), std::to_string(init), std::string("--leave-running"),
          std::string("--freeze-cgroup"), std::string(kCgroup), std::string("--external"),
          "net[" + std::to_string(network) + "]:machine", std::string("--no-private-contents"),
          std::string("--ghost-limit"), std::to_string(kGhostLimitMiB) + "M",
          std::string("--skip-in-flight")})  // a TCP listener's queue: the host reads it itself
        command.argv.push_back(argument);
    NAP_TRY(const Output output, run(command, kDumpLimit));
    if (output.status == 0) return {};
    return std::unexpected(criu_error("CRIU could not dump the userland", folders));
}

}  // namespace

Result<Json> dump(Agent& agent, const Json&, Call& call) {
    const std::lock_guard lock(agent.lifecycle);
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    NAP_TRY(const bool is_frozen, frozen());
    if (!is_frozen) return fail(ErrorKind::refused, "the userland must be frozen before it is dumped");
    NAP_TRY(const CriuFolders folders, CriuFolders::make());

    auto begin = Clock::now();
    NAP_CHECK(capture_parts(agent, *init, folders.images));
    const auto parts_ms = since(begin);

    begin = Clock::now();
    const Result<> dumped = run_criu(folders, init->host_pid);
    const auto criu_ms = since(begin);
    // CRIU leaves the freezer as it found it; where it failed half-way that is not certain.
    NAP_CHECK(set_frozen(true));
    NAP_CHECK(wait_until_frozen(kFrozenAgainLimit));
    NAP_CHECK(dumped);

    begin = Clock::now();
    std::uint64_t bytes = 0;
    NAP_CHECK(channel::send_tree(folders.images, [&](std::span<const std::byte> part) {
        bytes += part.size();
        return call.send(part);
    }));
    NAP_CHECK(call.send_end());
    return Json{{"images_bytes", bytes},
                {"ms", {{"parts", parts_ms}, {"criu", criu_ms}, {"send", since(begin)}}}};
}

}  // namespace nap::agent
