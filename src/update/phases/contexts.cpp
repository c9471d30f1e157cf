// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/contexts.hpp"

#include <spdlog/fmt/fmt.h>

#include "base/units.hpp"
#include "update/agent/agent_calls.hpp"

namespace nap::update {

namespace {
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr std::uint64_t kMostFiles = 100'000;
}  // namespace

Result<Taken> take_contexts(channel::Call& dump, const std::filesystem::path& folder, std::uint64_t most,
                            milliseconds limit, const channel::Sink& onward) {
    auto began = Clock::now();
    channel::TreeReceiver images(folder, {.entries = kMostFiles, .bytes = most, .symlinks = false},
                                 "");  // the files themselves, whatever the agent calls their folder
    for (;;) {
        auto allowed = limit + milliseconds(images.bytes() * 1000 / kMiB);
        auto left = std::chrono::ceil<milliseconds>(began + allowed - Clock::now());
        if (left.count() <= 0)
            return fail(ErrorKind::timeout,
                        fmt::format("the essential contexts did not arrive within {} ms", allowed.count()));
        NAP_TRY(auto incoming, dump.receive(left));
        if (auto* data = std::get_if<channel::Data>(&incoming)) {
            if (data->part != 0)
                return fail(ErrorKind::protocol, "the older kernel's agent sent data that nobody asked for");
            NAP_CHECK(images.feed(data->bytes));
            NAP_CHECK(onward(data->bytes));
        } else if (auto* event = std::get_if<channel::Event>(&incoming)) {
            agent::keep_log(event->content);
        } else if (auto* reply = std::get_if<channel::Reply>(&incoming)) {
            if (!reply->result)
                return std::unexpected(reply->result.error().within("dumping the essential contexts"));
            if (images.complete()) return Taken{images.bytes(), agent::steps_from(*reply->result)};
            return fail(ErrorKind::protocol,
                        "the older kernel's agent sent incomplete images of the essential contexts");
        }
    }
}

}  // namespace nap::update
