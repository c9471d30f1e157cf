// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/notify_queues.hpp"

#include <set>

#include "agent/kernel_memory/kept.hpp"

namespace nap::agent {

namespace {
constexpr std::uint32_t kLongestName = 255;
}

Result<const NotifyQueues*> NotifyQueues::get() {
    return kept<&NotifyQueues::load>();
}

Result<NotifyQueues> NotifyQueues::load(const RunningKernel& kernel) {
    NAP_TRY(auto files, OpenFileSearch::load(kernel, "inotify_fops"));
    return NotifyQueues(kernel, std::move(files));
}

Result<std::vector<NotifyQueue>> NotifyQueues::read() const {
    NAP_TRY(const auto files, files_.run());
    std::vector<NotifyQueue> queues;
    std::set<std::uint64_t> seen;
    for (const OpenFile& file : files) {
        if (!seen.insert(file.object).second) continue;
        NAP_TRY(auto queue, read(file));
        queues.push_back(std::move(queue));
    }
    return queues;
}

Result<NotifyQueue> NotifyQueues::read(const OpenFile& file) const {
    const std::uint64_t group = file.object;
    const Fields& fields = kernel_->fields();
    NotifyQueue queue{.file = file, .max_events = 0, .next_watch = 0, .events = {}};
    NAP_TRY(queue.max_events, kernel_->field<std::uint32_t>(group, "fsnotify_group", "max_events"));
    NAP_TRY(const auto data, fields.offset("fsnotify_group", "inotify_data"));
    NAP_TRY(const auto numbers, fields.offset("inotify_group_private_data", "idr"));
    NAP_TRY(queue.next_watch, kernel_->field<std::uint32_t>(group + data + numbers, "idr", "idr_next"));
    NAP_TRY(const auto list, fields.offset("fsnotify_group", "notification_list"));
    NAP_TRY(const auto length, kernel_->field<std::uint32_t>(group, "fsnotify_group", "q_len"));
    std::uint64_t link = group + list;
    for (std::uint32_t i = 0; i < length; ++i) {  // an event begins with its link
        NAP_TRY(link, kernel_->value<std::uint64_t>(link));
        if (link == group + list) return fail(ErrorKind::guest, "a queue of inotify ends early");
        NAP_TRY(auto event, read_event(link));
        queue.events.push_back(std::move(event));
    }
    return queue;
}

// What lies before its name with one read.
Result<NotifyEvent> NotifyQueues::read_event(std::uint64_t event) const {
    constexpr const char* kType = "inotify_event_info";
    NAP_TRY(const auto name, kernel_->fields().offset(kType, "name"));
    NAP_TRY(const std::string head, kernel_->bytes(event, name));
    const auto field = [&](const char* of) -> Result<std::uint32_t> {
        NAP_TRY(const auto at, kernel_->fields().offset(kType, of));
        std::uint32_t value = 0;
        if (at > head.size() - sizeof value)
            return fail(ErrorKind::unsupported, "an event's name lies before it");
        head.copy(reinterpret_cast<char*>(&value), sizeof value, at);
        return value;
    };
    NotifyEvent told{};
    NAP_TRY(told.mask, field("mask"));
    NAP_TRY(const auto wd, field("wd"));
    told.wd = static_cast<std::int32_t>(wd);
    NAP_TRY(told.cookie, field("sync_cookie"));
    NAP_TRY(const auto length, field("name_len"));
    if (length > kLongestName)
        return fail(ErrorKind::guest,
                    "an event of inotify has a name of " + std::to_string(length) + " bytes");
    if (length > 0) {
        NAP_TRY(told.name, kernel_->bytes(event + name, length));
    }
    return told;
}

}  // namespace nap::agent
