// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/descriptors.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace {

constexpr int kMostReads = 4;  // CRIU adds two at most

Result<UniqueFd> descriptor_of(pid_t owner, int number) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, owner, 0)));
    if (!process) return fail_errno("cannot open process " + std::to_string(owner));
    UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    if (!copy) return fail_errno("cannot get descriptor " + std::to_string(number) + " of CRIU");
    return copy;
}

Result<> set_option(int socket, const OpenAct& act) {
    if (::setsockopt(socket, static_cast<int>(act.a), static_cast<int>(act.b), act.data.data(),
                     static_cast<socklen_t>(act.data.size())) == 0)
        return {};
    return fail_errno("cannot set back option " + std::to_string(act.b) + " of level " +
                      std::to_string(act.a) + " of a socket");
}

Result<std::uint64_t> counter_of(int eventfd) {
    NAP_TRY(const std::string info, read_file("/proc/self/fdinfo/" + std::to_string(eventfd)));
    constexpr std::string_view kKey = "eventfd-count:";
    const auto at = info.find(kKey);
    if (at == std::string::npos) return fail(ErrorKind::guest, "a descriptor is no eventfd any more");
    return std::stoull(info.substr(at + kKey.size()), nullptr, 16);
}

Result<> set_counter(int eventfd, std::uint64_t wanted) {
    for (int reads = 0; reads <= kMostReads; ++reads) {
        NAP_TRY(const std::uint64_t now, counter_of(eventfd));
        if (now == wanted) return {};
        const std::uint64_t missing = wanted - now;
        std::uint64_t taken = 0;  // all of it, or one from a semaphore
        const auto done =
            now < wanted ? ::write(eventfd, &missing, sizeof missing) : ::read(eventfd, &taken, sizeof taken);
        if (done != sizeof taken) return fail_errno("cannot set back the counter of an eventfd");
    }
    return fail(ErrorKind::guest, "an eventfd does not take back its counter");
}

Result<> undo(const OpenAct& act) {
    NAP_TRY(const UniqueFd copy, descriptor_of(act.owner, act.descriptor));
    return act.act == Act::option ? set_option(copy.get(), act) : set_counter(copy.get(), act.a);
}

}  // namespace

void undo_descriptors(const std::vector<OpenAct>& acts, Problems& problems) {
    for (const OpenAct& act : acts) {
        if (act.act != Act::option && act.act != Act::counter) continue;
        if (auto undone = undo(act); !undone) problems.push_back(undone.error().message);
    }
}

}  // namespace nap::agent
