// SPDX-License-Identifier: GPL-2.0-only
#include "agent/files/folder_watch.hpp"

#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/userland/namespaces.hpp"

namespace nap::agent {

namespace {

constexpr std::uint32_t kEvents = IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVE;

// Root's instances, and watches, may be used up by the machine's own programs: those of a user who has none.
UniqueFd inotify_of_nobody() {
    constexpr uid_t kNobody = 0xffff'fffd;
    UniqueFd events;
    (void)in_own_thread([&]() -> Result<> {
        if (::syscall(SYS_setresuid, -1, kNobody, -1) == 0)  // of this thread alone
            events = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
        return {};
    });
    return events;
}

}  // namespace

FolderWatch::FolderWatch() : events_(inotify_of_nobody()) {}

void FolderWatch::add(const std::string& folder) {
    if (!events_) return;
    const int watch = ::inotify_add_watch(events_.get(), folder.c_str(), kEvents);
    if (watch >= 0)
        names_[watch] = folder;
    else if (errno != ENOENT)
        events_.reset();
}

std::optional<ChangedFolders> FolderWatch::changed() {
    if (!events_) return std::nullopt;
    ChangedFolders folders;
    bool all_known = true;
    alignas(inotify_event) std::array<char, 4096> buffer;
    for (ssize_t got; (got = ::read(events_.get(), buffer.data(), buffer.size())) > 0;)
        for (ssize_t at = 0; at < got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            const auto folder = names_.find(event->wd);
            if (folder != names_.end())
                folders[folder->second].insert(event->len == 0 ? "" : event->name);
            else
                all_known = false;  // more than the queue holds
            at += static_cast<ssize_t>(sizeof *event + event->len);
        }
    if (!all_known) return std::nullopt;
    return folders;
}

}  // namespace nap::agent
