// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/dump.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "agent/calls/log.hpp"
#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/carried/namespaces/user_namespaces.hpp"
#include "agent/carried/part.hpp"
#include "agent/check/files/deleted_files.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/freezing/own_freezers.hpp"
#include "agent/undo/undo.hpp"
#include "agent/userland/namespaces.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"
#include "channel/tree.hpp"

namespace nap::agent {

using channel::Call;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kDumpLimit = 60'000;  // ms
constexpr milliseconds kSecondTry{200};       // longer than the first

std::int64_t since(Clock::time_point begin) {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin).count();
}

Error why_not(const GuardedEnd& end, milliseconds limit, const CriuFolders& folders,
              const Problems& problems) {
    Error error =
        end.timed_out ? Error{ErrorKind::timeout, "CRIU did not dump the userland within " +
                                                      std::to_string(limit.count()) + " ms"}
        : WIFSIGNALED(end.status)
            ? Error{ErrorKind::guest, "CRIU was killed by signal " + std::to_string(WTERMSIG(end.status)) +
                                          " while it dumped the userland"}
            : criu_error("CRIU could not dump the userland", folders);
    // Worth another try
    if (auto log = read_file(folders.log());
        WIFEXITED(end.status) && problems.empty() && log && names_something_in_flight(*log))
        error.kind = ErrorKind::busy;
    for (const auto& problem : problems) error.message += "; what it did is not undone: " + problem;
    return error;
}

Result<GuardedEnd> run_criu(const CriuFolders& folders, const Task& init, milliseconds limit,
                            Verbosity verbosity, Problems& problems) {
    NAP_TRY(const ino_t network, network_namespace_inode());
    NAP_TRY(const UniqueFd nowhere, open_file("/dev/null", O_WRONLY));
    Command command;
    command.argv = criu_command("dump", folders, verbosity);
    for (const auto& argument :
         {std::string("-t"), std::to_string(init.host_pid), std::string("--leave-running"),
          std::string("--freeze-cgroup"), std::string(kCgroup), std::string("--external"),
          "net[" + std::to_string(network) + "]:machine", std::string("--no-private-contents"),
          std::string("--ghost-limit"), std::to_string(kGhostLimitMiB) + "M",
          std::string("--skip-in-flight")})  // a TCP listener's queue: the host reads it itself
        command.argv.push_back(argument);
    NAP_TRY(const auto user_namespaces, user_namespace_inodes(init));
    for (const auto inode : user_namespaces) {
        command.argv.emplace_back("--external");
        command.argv.push_back("user[" + std::to_string(inode) + "]");
    }
    command.descriptors = {{nowhere.get(), STDOUT_FILENO}, {nowhere.get(), STDERR_FILENO}};
    return run_undoing(std::move(command), limit, problems);
}

bool failed_without_a_word(const GuardedEnd& end, const CriuFolders& folders) {
    if (!WIFEXITED(end.status) || end.status == 0) return false;
    auto text = read_file(folders.log());
    return text && !names_reason(*text);
}

// One that fails without a word is tried again, with every word: the userland stands still anyhow, and where
// that goes well so does the dump.
Result<> run_criu_and_say_why(const CriuFolders& folders, const Task& init, milliseconds limit) {
    const auto begin = Clock::now();
    Problems problems;
    NAP_TRY(GuardedEnd end, run_criu(folders, init, limit, Verbosity::terse, problems));
    const milliseconds took(since(begin));
    if (const auto left = std::min(limit - took, 2 * took + kSecondTry);
        failed_without_a_word(end, folders) && problems.empty() && left > milliseconds(0)) {
        log("CRIU's dump failed without a word, and is tried again with every word");
        limit = left;
        NAP_TRY(end, run_criu(folders, init, limit, Verbosity::everything, problems));
    }
    if (end.status == 0 && problems.empty()) return {};
    return std::unexpected(why_not(end, limit, folders, problems));
}

}  // namespace

Result<Json> dump(Agent& agent, const Json& params, Call& call) {
    NAP_TRY(const std::uint64_t limit, number_or(params, "limit_ms", kDumpLimit));
    const std::lock_guard lock(agent.lifecycle);
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    NAP_TRY(const bool is_frozen, frozen());
    if (!is_frozen) return fail(ErrorKind::refused, "the userland must be frozen before it is dumped");
    NAP_TRY(const CriuFolders folders, CriuFolders::make());

    StepTimes times;
    NAP_CHECK(capture_parts(agent, *init, folders.images, times));

    NAP_CHECK(thaw_own_freezers());
    const Result<> dumped = run_criu_and_say_why(folders, *init, milliseconds(limit));
    NAP_CHECK(freeze_own_freezers());
    times.ended("CRIU's dump");
    if (!dumped) send_log(folders, call);
    NAP_CHECK(dumped);

    std::uint64_t bytes = 0;
    NAP_CHECK(channel::send_tree(folders.images, [&](std::span<const std::byte> part) {
        bytes += part.size();
        return call.send(part);
    }));
    NAP_CHECK(call.send_end());
    times.ended("send images");
    return Json{{"images_bytes", bytes}, {"steps", times.told()}};
}

}  // namespace nap::agent
