// SPDX-License-Identifier: GPL-2.0-only
#include "channel/connection.hpp"

#include <exception>
#include <system_error>

namespace nap::channel {

namespace {
constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::size_t kRefusalsAtOnce = 4096;  // a peer that reads its refusals never has so many
}  // namespace

Connection::Connection(UniqueFd fd, Handler handler, LinkOptions options)
    : handler_(std::move(handler)),
      options_(std::move(options)),
      wire_(std::move(fd), options_.stall_limit),
      next_id_(options_.starts_even ? 2 : 1) {}

void Connection::run() {
    reader_ = std::thread([this] { read_eras(); });
}

void Connection::shut_down() {
    {
        std::lock_guard lock(mutex_);
        wished_ = true;
    }
    wire_.stop();
}

void Connection::end_era(std::uint64_t era, Error why) {
    {
        std::lock_guard lock(mutex_);
        if (peer_lost_ || era != wire_.era()) return;
        if (!failure_) failure_ = std::move(why);
    }
    if (options_.reconnects)
        wire_.next_era();
    else
        wire_.stop();
}

void Connection::lose_peer(Error why) {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(why);
    peer_lost_ = true;
    wire_.next_era();
}

void Connection::join() {
    if (reader_.joinable()) reader_.join();
    for (auto& answering : answering_) answering.thread.join();
    answering_.clear();
    if (refusing_.joinable()) refusing_.join();
    wire_.close();  // even while calls outlive the link
}

bool Connection::finished() {
    std::lock_guard lock(mutex_);
    return closed_ && at_work_ == 0;  // once closed_, no answering begins
}

// --- reading

void Connection::read_eras() {
    // An era that somebody ends while it is not read yet ends all the same
    for (std::optional<std::uint64_t> era = 0;;) {
        auto why = read_era(*era);
        era = begin_anew(why);
        bool tell;
        {
            std::lock_guard lock(mutex_);
            tell = !wished_;
            if (!era) closed_ = true;
        }
        if (!era) wire_.stop();
        close_calls(why);
        if (tell && options_.on_down) options_.on_down(why);
        if (!era || (options_.reconnects && !wire_.await_peer())) break;
    }
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
    }
    close_calls(Error{ErrorKind::io, "the connection was closed"});
}

std::optional<std::uint64_t> Connection::begin_anew(Error& why) {
    const auto era = wire_.next_era();
    bool lost;
    {
        std::lock_guard lock(mutex_);
        if (failure_) why = *std::exchange(failure_, std::nullopt);
        lost = peer_lost_;
    }
    if (wire_.stopped()) return std::nullopt;
    if (!lost || !options_.redial) return options_.reconnects ? std::optional(era) : std::nullopt;
    auto connection = options_.redial();
    if (!connection) {
        why.message += "; " + connection.error().message;
        return std::nullopt;
    }
    // Before the calls are closed: none can begin that speaks to the old one, which was lost once, however
    // often that is said.
    std::lock_guard lock(mutex_);
    failure_.reset();
    peer_lost_ = false;
    return wire_.renew(std::move(*connection));
}

Error Connection::read_era(std::uint64_t era) {
    era_read_ = era;
    Decoder decoder;
    std::vector<std::byte> buffer(kReadSize);
    for (;;) {
        auto got = wire_.read(era, buffer);
        if (!got) return got.error();
        if (*got == 0) break;
        decoder.feed(std::span(buffer).first(*got));
        for (;;) {
            auto frame = decoder.next();
            if (!frame) return frame.error();
            if (!*frame) break;
            if (auto taken = take(std::move(**frame)); !taken) return taken.error();
        }
    }
    return Error{ErrorKind::io,
                 wire_.stopped() ? "the connection was closed" : "the peer closed the connection"};
}

Result<> Connection::take(Frame frame) {
    if (frame.type == FrameType::request) return take_request(std::move(frame));
    bool ours = is_ours(frame.call);
    if (frame.type == FrameType::reply && !ours)
        return fail(ErrorKind::protocol, "the peer replied to its own call");
    if (frame.type == FrameType::abandon && ours)
        return fail(ErrorKind::protocol, "the peer abandoned a call that is not its own");

    std::shared_ptr<Call::State> call;
    {
        std::lock_guard lock(mutex_);
        auto found = calls_.find(frame.call);
        if (found == calls_.end()) return {};  // on its way when the call ended
        call = found->second;
        if (frame.type == FrameType::reply || frame.type == FrameType::abandon) calls_.erase(found);
    }
    if (frame.type == FrameType::abandon) {
        call->close(Error{ErrorKind::not_found, "the caller abandoned the call"}, true);
        return {};
    }
    return call->receive(std::move(frame));
}

Result<> Connection::take_request(Frame frame) {
    if (is_ours(frame.call)) return fail(ErrorKind::protocol, "the peer began a call with a number of ours");
    NAP_TRY(Json json, parse_json(frame.payload));
    auto method = json.find("method");
    if (!json.is_object() || method == json.end() || !method->is_string())
        return fail(ErrorKind::protocol, "the peer began a call without a method");
    auto params = json.find("params");

    join_finished();
    auto call = std::make_shared<Call::State>(frame.call, false, era_read_);
    {
        std::lock_guard lock(mutex_);
        if (!calls_.emplace(frame.call, call).second)
            return fail(ErrorKind::protocol, "the peer began a call with a number in use");
    }
    if (answering_.size() >= options_.calls_at_once) return refuse(std::move(call));
    auto& answering = answering_.emplace_back();
    ++at_work_;
    try {
        answering.thread = std::thread([this, call, &answering, name = method->get<std::string>(),
                                        given = params == json.end() ? Json::object() : std::move(*params)] {
            answer(call, name, given);
            answering.done = true;
            --at_work_;
        });
    } catch (const std::system_error& error) {
        --at_work_;
        answering_.pop_back();
        remove(*call);
        return fail(ErrorKind::resources, std::string("cannot start a thread: ") + error.what());
    }
    return {};
}

void Connection::join_finished() {
    std::erase_if(answering_, [](Answering& answering) {
        const bool done = answering.done;  // looked at once: it may come to be between two looks
        if (done) answering.thread.join();
        return done;
    });
}

// Written by a thread of its own: the reading one must go on, whatever the peer does.
Result<> Connection::refuse(std::shared_ptr<Call::State> call) {
    std::unique_lock lock(mutex_);
    if (refused_.size() >= kRefusalsAtOnce) {
        lock.unlock();
        remove(*call);
        return fail(ErrorKind::protocol, "the peer began too many calls");
    }
    if (refuses_) {
        refused_.push_back(std::move(call));
        return {};
    }
    refuses_ = true;
    lock.unlock();
    if (refusing_.joinable()) refusing_.join();
    ++at_work_;
    try {
        refusing_ = std::thread([this, call] {
            write_refusals(call);
            --at_work_;
        });
    } catch (const std::system_error& error) {
        --at_work_;
        lock.lock();
        refuses_ = false;
        lock.unlock();
        remove(*call);
        return fail(ErrorKind::resources, std::string("cannot start a thread: ") + error.what());
    }
    return {};
}

void Connection::write_refusals(std::shared_ptr<Call::State> next) {
    while (next) {
        reply(*next, "", fail(ErrorKind::busy, "too many calls at once"));
        std::lock_guard lock(mutex_);
        next = refused_.empty() ? nullptr : refused_.front();
        if (next)
            refused_.pop_front();
        else
            refuses_ = false;
    }
}

// --- answering

void Connection::answer(const std::shared_ptr<Call::State>& call, const std::string& method,
                        const Json& params) {
    Result<Json> result;
    {
        Call seen(shared_from_this(), call);
        result = ask_handler(method, params, seen);
    }
    reply(*call, method, result);
}

void Connection::reply(Call::State& call, const std::string& method, const Result<Json>& result) {
    auto text = dump_json(reply_to_json(result));
    if (text.size() > kMaxPayload)
        text = dump_json(
            reply_to_json(fail(ErrorKind::resources, method + ": the answer is too long to be sent")));
    remove(call);
    {
        std::lock_guard lock(call.mutex);
        if (call.over) return;
    }
    (void)write(call, FrameType::reply, 0, as_bytes(text));
}

Result<Json> Connection::ask_handler(const std::string& method, const Json& params, Call& call) {
    if (!handler_) return fail(ErrorKind::unsupported, "this side answers no calls");
    try {
        return handler_(method, params, call);
    } catch (const std::exception& error) {
        return fail(ErrorKind::internal, method + ": " + error.what());
    }
}

// --- calls

Result<std::unique_ptr<Call>> Connection::start(const std::string& method, const Json& params) {
    auto text = dump_json({{"method", method}, {"params", params}});
    if (text.size() > kMaxPayload)
        return fail(ErrorKind::usage, method + ": the parameters are too long to be sent");
    std::shared_ptr<Call::State> call;
    {
        std::lock_guard lock(mutex_);
        if (closed_ || wire_.stopped()) return fail(ErrorKind::io, "the connection was closed");
        while (calls_.contains(next_id_)) next_id_ += 2;
        call = std::make_shared<Call::State>(next_id_, true, wire_.era());
        calls_.emplace(next_id_, call);
        next_id_ += 2;
    }
    auto handle = std::unique_ptr<Call>(new Call(shared_from_this(), call));
    NAP_CHECK(write(*call, FrameType::request, 0, as_bytes(text)));
    return handle;
}

void Connection::abandon(Call::State& call) {
    {
        std::lock_guard lock(call.mutex);
        if (call.over) return;
    }
    remove(call);
    call.close(Error{ErrorKind::not_found, "the call was abandoned"}, true);
    (void)write(call, FrameType::abandon, 0, {});
}

Result<std::size_t> Connection::reserve(Call::State& call, Credit credit, std::size_t wanted,
                                        std::size_t least) {
    std::unique_lock lock(call.mutex);
    auto& flow = call.flow(credit);
    auto ready = [&] { return call.over || flow.may_send() >= cost_of(least); };
    if (wanted == 0) {
        // Costs nothing
    } else if (options_.stall_limit.count() == 0) {
        call.changed.wait(lock, ready);
    } else if (!call.changed.wait_for(lock, options_.stall_limit, ready)) {
        return fail(ErrorKind::timeout,
                    "the peer has taken nothing for " + std::to_string(options_.stall_limit.count()) + " ms");
    }
    if (call.over) return std::unexpected(*call.over);
    if (wanted == 0) return 0;
    auto count = std::min<std::uint64_t>(wanted, flow.may_send() - kHeaderSize);
    flow.sent(cost_of(count));
    return count;
}

Result<> Connection::write(const Call::State& call, FrameType type, std::uint8_t part,
                           std::span<const std::byte> payload) {
    auto written = wire_.write(call.era, encode_header(type, part, call.id, payload.size()), payload);
    if (!written) end_era(call.era, written.error());
    return written;
}

void Connection::remove(const Call::State& call) {
    std::lock_guard lock(mutex_);
    if (auto found = calls_.find(call.id); found != calls_.end() && found->second.get() == &call)
        calls_.erase(found);
}

void Connection::close_calls(const Error& why) {
    Calls calls;
    {
        std::lock_guard lock(mutex_);
        calls = std::exchange(calls_, {});
    }
    for (auto& [id, call] : calls) call->close(Error{ErrorKind::io, why.message});
}

}  // namespace nap::channel
