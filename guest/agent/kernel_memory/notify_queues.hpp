// SPDX-License-Identifier: GPL-2.0-only
// Notify queues: what inotify descriptors hold that nobody has read yet. Reading them from outside would take
// it away from the older kernel, so it is looked at in the kernel's memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel_memory/open_files.hpp"
#include "base/error.hpp"

namespace nap::agent {

struct NotifyEvent {  // as read(2) gives it
    std::int32_t wd;
    std::uint32_t mask, cookie;
    std::string name;
};

struct NotifyQueue {
    OpenFile file;
    std::uint32_t max_events;  // of /proc/sys/fs/inotify/max_queued_events, when it was made
    std::uint32_t next_watch;  // number from which the kernel looks for a free one
    std::vector<NotifyEvent> events;
};

class NotifyQueues {
  public:
    // In the running kernel. The first call takes a while; later ones find it kept.
    static Result<const NotifyQueues*> get();

    // Of all processes; a queue that several have once. Nobody may use them meanwhile.
    [[nodiscard]] Result<std::vector<NotifyQueue>> read() const;

  private:
    static Result<NotifyQueues> load(const RunningKernel& kernel);
    NotifyQueues(const RunningKernel& kernel, OpenFileSearch files)
        : kernel_(&kernel), files_(std::move(files)) {}

    [[nodiscard]] Result<NotifyQueue> read(const OpenFile& file) const;
    [[nodiscard]] Result<NotifyEvent> read_event(std::uint64_t event) const;

    const RunningKernel* kernel_;
    OpenFileSearch files_;
};

}  // namespace nap::agent
