// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/restorer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>

#include "agent/calls/paths.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/contexts/network_lock.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

namespace {

constexpr std::chrono::milliseconds kReadyLimit{120'000}, kLetGoLimit{60'000};
// In CRIU.
constexpr int kNetworkDescriptor = 100, kPauseDescriptor = 101, kLockDescriptor = 102,
              kSocketsDescriptor = 103;

}  // namespace

Result<Restorer> Restorer::start(const CriuFolders& folders, const Advance& advance) {
    NAP_TRY(const UniqueFd network, open_file(kNetworkNamespace, O_RDONLY));
    NAP_TRY(const UniqueFd lock, lock_network());
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_TRY(const UniqueFd sockets, device.sockets());
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno("cannot make a socket pair");
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    Command command;
    command.argv = criu_command("restore", folders, Verbosity::warnings);
    for (const auto& argument :
         {std::string("--restore-detached"), std::string("--root"), std::string(kRoot),
          std::string("--inherit-fd"), "fd[" + std::to_string(kNetworkDescriptor) + "]:machine",
          std::string("--inherit-fd"), "fd[" + std::to_string(kSocketsDescriptor) + "]:sockets",
          std::string("--pause-fd"), std::to_string(kPauseDescriptor), std::string("--timens-advance"),
          std::to_string(advance.ns) + "@" + std::to_string(advance.at), std::string("--network-lock-fd"),
          std::to_string(kLockDescriptor)})
        command.argv.push_back(argument);
    command.descriptors = {{network.get(), kNetworkDescriptor},
                           {theirs.get(), kPauseDescriptor},
                           {lock.get(), kLockDescriptor},
                           {sockets.get(), kSocketsDescriptor}};
    std::optional<Process> process;
    NAP_CHECK(in_own_thread([&]() -> Result<> {
        NAP_TRY(const UniqueFd groups, open_file(kCgroupNamespace, O_RDONLY));
        if (::setns(groups.get(), CLONE_NEWCGROUP) != 0)
            return fail_errno("cannot join the machine's control group namespace");
        NAP_TRY(process, Process::start(command));
        return {};
    }));
    process->release();
    return Restorer(*std::move(process), ours.release(), folders);
}

Result<> Restorer::wait_until_ready() {
    pollfd ready{pause_, POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(kReadyLimit.count()));
    char said = 0;
    if (count > 0 && ::read(pause_, &said, 1) == 1 && said == 'R') return {};
    if (count == 0)
        return fail(ErrorKind::timeout,
                    criu_error("CRIU did not recreate the tasks in time", folders_).message);
    return std::unexpected(criu_error("CRIU could not recreate the tasks", folders_));
}

Result<> Restorer::let_go() {
    NAP_CHECK(write_all(pause_, std::string_view("g")));
    const auto status = process_.wait(kLetGoLimit);
    if (!status)
        return fail(ErrorKind::timeout,
                    criu_error("CRIU did not let go of the tasks in time", folders_).message);
    if (*status != 0) return std::unexpected(criu_error("CRIU failed after the adoption", folders_));
    ::close(pause_);
    return {};
}

}  // namespace nap::agent
