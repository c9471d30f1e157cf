// SPDX-License-Identifier: GPL-2.0-only
// Brings up a generation as far as its agent's first answer, and does to it what an update asks for.
#include "machine/generation.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/number.hpp"
#include "channel/json.hpp"
#include "channel/unix_socket.hpp"
#include "machine/disk/block.hpp"
#include "machine/network/network_hold.hpp"

namespace nap::machine {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kHelloSlice{2000};
constexpr int kBackgroundNice = 10;
constexpr milliseconds kPoweringOff{1000}, kLook{10};
constexpr milliseconds kBreaking{100};  // a QEMU's connections do not all break at once

milliseconds left_until(Clock::time_point deadline) {
    return std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(0));
}

// The agent reads nothing before it has opened its port: a hello sent early waits, and is answered then.
constexpr std::chrono::minutes kStallLimit{1};  // an agent that takes no bytes for so long hangs

Result<> greet(channel::Link& agent, const Process& process, milliseconds limit) {
    auto deadline = Clock::now() + limit;
    for (;;) {
        auto answer =
            agent.call("hello", channel::Json::object(), std::min(left_until(deadline), kHelloSlice));
        if (answer) return {};
        bool again = answer.error().kind == ErrorKind::timeout && agent.up() && process.running();
        if (!again || Clock::now() >= deadline)
            return std::unexpected(answer.error().within("Waiting for the guest's agent"));
    }
}

// An agent that has ended opens its port again once it is started again; QEMU holds the connection all the
// while. What was asked of the one before will never be answered. Once the agent has greeted.
Result<> watch_port(Qmp& qmp, const std::shared_ptr<channel::Link>& agent) {
    NAP_CHECK(qmp.execute("query-status"));  // what was told until now is of an agent that started
    qmp.listen("VSERPORT_CHANGE", [agent = std::weak_ptr(agent)](const nlohmann::json& change) {
        auto* port = channel::text_in(change, "id");
        auto link = agent.lock();
        if (!link || !port || *port != kAgentPort) return;
        link->lose_peer(Error{ErrorKind::io, "the agent in the guest ended, and is started again"});
    });
    return {};
}

// A kernel that powers off shuts its devices down first, so that it looks as if the agent had ended; but that
// is started again, and opens its port.
bool port_is_closed(const std::vector<QmpEvent>& events) {
    bool closed = false;
    for (const auto& event : events) {
        if (event.name != "VSERPORT_CHANGE" || !event.data.is_object()) continue;
        const auto open = event.data.find("open");
        closed = open != event.data.end() && open->is_boolean() && !open->get<bool>();
    }
    return closed;
}

}  // namespace

struct Generation::State {
    GenerationSpec spec;
    Qemu qemu;
    std::shared_ptr<channel::Link> agent;
    bool left = false;
};

Generation::Generation(std::unique_ptr<State> state) : state_(std::move(state)) {}

Generation::~Generation() {
    if (!state_->left) end();
}

Result<std::unique_ptr<Generation>> Generation::join(std::unique_ptr<State> state,
                                                     channel::Handler agent_calls, milliseconds limit,
                                                     const EndSink& ended) {
    auto dial = [path = state->spec.agent_socket] { return channel::connect_unix(path); };
    NAP_TRY(auto connection, dial());
    state->agent =
        std::make_shared<channel::Link>(std::move(connection), std::move(agent_calls),
                                        channel::LinkOptions{.redial = dial, .stall_limit = kStallLimit});
    if (auto greeted = greet(*state->agent, state->qemu.process, limit); !greeted) {
        (void)state->qemu.qmp->wait_down(kBreaking);
        return std::unexpected(explain(state->spec, state->qemu, greeted.error(), ended));
    }
    NAP_CHECK(watch_port(*state->qemu.qmp, state->agent));
    return std::unique_ptr<Generation>(new Generation(std::move(state)));
}

Result<std::unique_ptr<Generation>> Generation::start(const GenerationSpec& spec, const TapQueue* tap,
                                                      channel::Handler agent_calls, milliseconds limit,
                                                      const EndSink& ended) {
    auto deadline = Clock::now() + limit;
    NAP_TRY(auto qemu, start_qemu(spec, tap, limit, ended));
    // An error ends QEMU: the state owns its process
    return join(std::make_unique<State>(spec, std::move(qemu), nullptr, false), std::move(agent_calls),
                left_until(deadline), ended);
}

Result<std::unique_ptr<Generation>> Generation::adopt(const GenerationSpec& spec, pid_t pid,
                                                      std::uint64_t start_time, channel::Handler agent_calls,
                                                      milliseconds limit) {
    auto deadline = Clock::now() + limit;
    NAP_TRY(auto qemu, find_qemu(spec, pid, start_time, limit));
    qemu.process.release();
    if (spec.newer) {
        // It may stand still because a predecessor died while the device moved (merge_into_image)
        NAP_TRY(bool merged, is_merged(*qemu.qmp));
        if (merged) NAP_CHECK(remove_file(spec.overlay));
    }
    NAP_CHECK(qemu.qmp->execute("cont"));
    return join(std::make_unique<State>(spec, std::move(qemu), nullptr, true), std::move(agent_calls),
                left_until(deadline), {});
}

const GenerationSpec& Generation::spec() const {
    return state_->spec;
}
Process& Generation::process() {
    return state_->qemu.process;
}
Qmp& Generation::qmp() {
    return *state_->qemu.qmp;
}
channel::Link& Generation::agent() {
    return *state_->agent;
}

Result<> Generation::stop_cpus() {
    NAP_CHECK(qmp().execute("stop"));
    return {};
}

Result<> Generation::continue_cpus() {
    NAP_CHECK(qmp().execute("cont"));
    return {};
}

Result<bool> Generation::retry_failed_writes() {
    NAP_TRY(auto status, qmp().execute("query-status"));
    auto* state = channel::text_in(status, "status");
    if (!state || *state != "io-error") return false;
    NAP_CHECK(continue_cpus());
    return true;
}

Result<> Generation::attach_disk_backing() {
    const auto& spec = state_->spec;
    return attach_backing(qmp(), {spec.disk, spec.disk_format, spec.disk_is_device});
}

Result<> Generation::hold_network() {
    if (!state_->spec.network) return {};
    return machine::hold_network(qmp());
}

Result<> Generation::release_network() {
    if (!state_->spec.network) return {};
    return machine::release_network(qmp());
}

Result<> Generation::merge_overlay(milliseconds limit) {
    const auto& spec = state_->spec;
    return merge_into_image(qmp(), {spec.disk, spec.disk_format, spec.disk_is_device}, spec.overlay, limit);
}

void Generation::set_background(bool background) {
    std::error_code gone;
    auto tasks = "/proc/" + std::to_string(process().pid()) + "/task";
    for (const auto& entry : std::filesystem::directory_iterator(tasks, gone)) {
        if (auto thread = parse_number<id_t>(entry.path().filename().string()))
            ::setpriority(PRIO_PROCESS, *thread, background ? kBackgroundNice : 0);
    }
}

void Generation::begin_console() {
    std::error_code none_yet;
    const auto size = std::filesystem::file_size(state_->spec.console_log, none_yet);
    if (!none_yet) state_->qemu.console_from = size;
}

std::optional<End> Generation::ended() {
    const auto deadline = Clock::now() + kPoweringOff;
    while (port_is_closed(qmp().last_events()) && Clock::now() < deadline && !qmp().wait_down(kLook)) {
    }
    if (!agent().up()) (void)qmp().wait_down(kBreaking);
    return end_of(state_->spec, state_->qemu);
}

void Generation::end() {
    process().kill_and_wait();
    if (state_->agent) state_->agent->shut_down();
}

void Generation::keep() {
    state_->left = false;
}

void Generation::leave() {
    process().release();
    state_->left = true;
}

}  // namespace nap::machine
