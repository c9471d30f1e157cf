// SPDX-License-Identifier: GPL-2.0-only
// The QMP connection: commands matched with their answers by number, events kept until taken.
#include "machine/qemu/qmp.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "channel/unix_socket.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestLine = 4 << 20;
constexpr std::size_t kEventsKept = 256;
constexpr std::size_t kLastEvents = 16;
constexpr std::size_t kLongestEvent = 64 << 10;
constexpr timeval kSendLimit{10, 0};
constexpr std::chrono::milliseconds kRetry{10};

// Connects, or tries again while QEMU may yet come to listen there.
Result<UniqueFd> connect_until(const std::string& path, Clock::time_point deadline) {
    for (;;) {
        auto fd = channel::connect_unix(path);
        bool final = fd || fd.error().kind == ErrorKind::usage || fd.error().kind == ErrorKind::permission;
        if (final || Clock::now() >= deadline) return fd;
        std::this_thread::sleep_for(kRetry);
    }
}

// Some of the bytes, the descriptor (-1: none) beside them.
ssize_t send_some(int socket, std::string_view bytes, int descriptor) {
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
    if (descriptor >= 0) {
        message.msg_control = beside.data();
        message.msg_controllen = beside.size();
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace

struct Qmp::State {
    UniqueFd fd;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t next_id = 1;
    std::map<std::uint64_t, std::optional<Result<Json>>>
        commands;  // under way, or answered and not yet taken
    std::deque<QmpEvent> events;
    std::deque<QmpEvent> last;
    std::string listened;
    std::function<void(const Json&)> heard;
    bool greeted = false;
    std::optional<Error> down;
    std::mutex writing;
    std::thread reader;

    void read_all();
    void take(QmpMessage message);
    void fail_with(Error error);
};

void Qmp::State::take(QmpMessage message) {
    std::lock_guard lock(mutex);
    if (auto* event = std::get_if<QmpEvent>(&message)) {
        if (heard && event->name == listened) heard(event->data);
        last.push_back(*event);
        if (last.size() > kLastEvents) last.pop_front();
        events.push_back(std::move(*event));
        if (events.size() > kEventsKept) events.pop_front();
    } else if (auto* answer = std::get_if<QmpAnswer>(&message)) {
        // Nobody waits any more for an answer that came after its limit
        if (auto command = commands.find(answer->id); command != commands.end())
            command->second = std::move(answer->result);
    } else {
        greeted = true;
    }
    changed.notify_all();
}

void Qmp::State::fail_with(Error error) {
    std::lock_guard lock(mutex);
    if (!down) down = std::move(error);
    changed.notify_all();
}

void Qmp::State::read_all() {
    QmpLines lines(kLongestLine);
    std::array<char, 64 << 10> buffer;
    for (;;) {
        ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail_with({ErrorKind::io, "QEMU closed its control connection."});
        if (auto added = lines.add({buffer.data(), static_cast<std::size_t>(got)}); !added)
            return fail_with(added.error());
        while (auto line = lines.next()) {
            auto message = parse_qmp_line(*line);
            if (!message) return fail_with(message.error());
            // Events are kept: many long ones would fill our memory
            if (std::holds_alternative<QmpEvent>(*message) && line->size() > kLongestEvent)
                return fail_with({ErrorKind::protocol,
                                  "QEMU sent an event of " + std::to_string(line->size()) + " bytes."});
            take(std::move(*message));
        }
    }
}

Qmp::Qmp(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Qmp>> Qmp::connect(const std::string& socket_path, std::chrono::milliseconds limit) {
    auto deadline = Clock::now() + limit;
    NAP_TRY(auto fd, connect_until(socket_path, deadline));
    auto state = std::make_shared<State>();
    state->fd = std::move(fd);
    // A QEMU that reads no more must not hold us for ever
    ::setsockopt(state->fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendLimit, sizeof kSendLimit);
    state->reader = std::thread([raw = state.get()] { raw->read_all(); });
    std::unique_ptr<Qmp> qmp(new Qmp(state));
    {
        std::unique_lock lock(state->mutex);
        state->changed.wait_until(lock, deadline, [&] { return state->greeted || state->down; });
        if (state->down) return std::unexpected(*state->down);
        if (!state->greeted)
            return fail(ErrorKind::timeout, "QEMU did not greet at " + socket_path + " in time.");
    }
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    NAP_CHECK(qmp->execute("qmp_capabilities", nullptr, left));
    return qmp;
}

Qmp::~Qmp() {
    ::shutdown(state_->fd.get(), SHUT_RDWR);
    if (state_->reader.joinable()) state_->reader.join();
}

Result<Json> Qmp::execute(const std::string& command, const Json& arguments, std::chrono::milliseconds limit,
                          int descriptor) {
    auto deadline = Clock::now() + limit;
    std::uint64_t id = 0;
    {
        std::lock_guard lock(state_->mutex);
        if (state_->down) return std::unexpected(state_->down->within("QMP command " + command));
        id = state_->next_id++;
        state_->commands.emplace(id, std::nullopt);
    }
    Json request = {{"execute", command}, {"id", id}};
    if (!arguments.is_null()) request["arguments"] = arguments;
    auto line = request.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
    {
        std::lock_guard lock(state_->writing);
        for (std::string_view rest = line; !rest.empty();) {
            ssize_t put = send_some(state_->fd.get(), rest, std::exchange(descriptor, -1));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) {
                state_->fail_with(fail_errno("cannot send to QEMU").error());
                break;
            }
            rest.remove_prefix(static_cast<std::size_t>(put));
        }
    }
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_until(lock, deadline, [&] { return state_->commands.at(id) || state_->down; });
    auto answer = std::move(state_->commands.at(id));
    state_->commands.erase(id);
    if (answer && *answer) return std::move(**answer);
    if (answer) return std::unexpected(answer->error().within("QMP command " + command));
    if (state_->down) return std::unexpected(state_->down->within("QMP command " + command));
    return fail(ErrorKind::timeout, "QEMU did not answer the QMP command " + command + " within " +
                                        std::to_string(limit.count()) + " ms.");
}

Result<Json> Qmp::wait_event(const std::string& name, std::chrono::milliseconds limit) {
    std::unique_lock lock(state_->mutex);
    auto deadline = Clock::now() + limit;
    auto& events = state_->events;
    auto wanted = events.end();
    state_->changed.wait_until(lock, deadline, [&] {
        wanted = std::ranges::find(events, name, &QmpEvent::name);
        return wanted != events.end() || state_->down;
    });
    if (wanted != events.end()) {
        auto data = std::move(wanted->data);
        events.erase(wanted);
        return data;
    }
    if (state_->down) return std::unexpected(state_->down->within("Waiting for QEMU's event " + name));
    return fail(ErrorKind::timeout,
                "QEMU's event " + name + " did not come within " + std::to_string(limit.count()) + " ms.");
}

void Qmp::listen(std::string name, std::function<void(const Json&)> heard) {
    std::lock_guard lock(state_->mutex);
    state_->listened = std::move(name);
    state_->heard = std::move(heard);
}

void Qmp::forget_events() {
    std::lock_guard lock(state_->mutex);
    state_->events.clear();
}

bool Qmp::up() const {
    std::lock_guard lock(state_->mutex);
    return !state_->down;
}

bool Qmp::wait_down(std::chrono::milliseconds limit) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, limit, [this] { return state_->down.has_value(); });
}

std::vector<QmpEvent> Qmp::last_events() const {
    std::lock_guard lock(state_->mutex);
    return {state_->last.begin(), state_->last.end()};
}

}  // namespace nap::machine
