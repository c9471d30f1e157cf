// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/service.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <ctime>

#include "machine/huge_pages.hpp"
#include "supervisor/history.hpp"
#include "supervisor/own_kernel.hpp"
#include "supervisor/proxy.hpp"
#include "update/phases/memory_watch.hpp"

namespace nap::supervisor {

using channel::Json;

namespace {

constexpr std::chrono::milliseconds kLongestPause{3'600'000};
constexpr int kMostSessions = 48;

// Only a supervisor that was started for tests listens to what tests ask of an update.
update::Testing testing_from(const Json& params, bool allowed) {
    update::Testing testing;
    if (!params.contains("testing") || !params["testing"].is_object()) return testing;
    const Json& asked = params["testing"];
    testing.measure_copying = asked.value("measure_copying", false);
    if (!allowed) return testing;
    testing.fault = asked.value("fault", "");
    testing.hash_user_memory = asked.value("hash_user_memory", false);
    testing.time_limit = std::chrono::milliseconds(asked.value("time_limit_ms", 0));
    testing.kills = asked.value("kills", testing.kills);
    testing.seed = asked.value("seed", testing.seed);
    return testing;
}

Json obstacles_json(const std::vector<update::Obstacle>& obstacles) {
    Json out = Json::array();
    for (const auto& each : obstacles)
        out.push_back({{"pid", each.pid},
                       {"name", each.name},
                       {"what", each.what},
                       {"why", each.why},
                       {"advice", each.advice},
                       {"notice", each.notice}});
    return out;
}

}  // namespace

class Service::Session {
  public:
    static Result<std::unique_ptr<Session>> begin(Service& service, const std::string& method) {
        NAP_CHECK(service.begin_session(method));
        return std::unique_ptr<Session>(new Session(service, method));
    }
    ~Session() { service_.end_session(method_); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

  private:
    Session(Service& service, std::string method) : service_(service), method_(std::move(method)) {}
    Service& service_;
    const std::string method_;
};

// The one update: however it ends, the machine is served on.
class Service::Updating {
  public:
    static Result<std::unique_ptr<Updating>> begin(Service& service) {
        NAP_CHECK(service.begin_update());
        return std::unique_ptr<Updating>(new Updating(service));
    }
    ~Updating() { service_.end_update(); }
    Updating(const Updating&) = delete;
    Updating& operator=(const Updating&) = delete;

  private:
    explicit Updating(Service& service) : service_(service) {}
    Service& service_;
};

namespace {

bool is_copy(const std::string& method) {
    return method == "put" || method == "get";
}

}  // namespace

Result<> Service::begin_session(const std::string& method) {
    std::lock_guard lock(mutex_);
    if (doing_ == Doing::updating)
        return fail(ErrorKind::busy, fmt::format("machine {} is being updated; try again when that is done",
                                                 machine_.config.name));
    if (doing_ == Doing::stopping)
        return fail(ErrorKind::busy, fmt::format("machine {} is stopping", machine_.config.name));
    // The agent answers 64 calls at once, and an update has some to make
    if (sessions_ >= kMostSessions)
        return fail(ErrorKind::busy,
                    fmt::format("{} commands and copies are under way in machine {}; try again "
                                "when some of them have ended",
                                sessions_, machine_.config.name));
    ++sessions_;
    copies_ += is_copy(method);
    return {};
}

void Service::end_session(const std::string& method) {
    std::lock_guard lock(mutex_);
    --sessions_;
    copies_ -= is_copy(method);
    changed_.notify_all();
}

Result<> Service::begin_update() {
    std::lock_guard lock(mutex_);
    if (doing_ != Doing::serving)
        return fail(ErrorKind::busy,
                    fmt::format("an update of machine {} is already under way, or it is stopping",
                                machine_.config.name));
    // Cut off by the older kernel's end they would leave half a file
    if (copies_ > 0)
        return fail(ErrorKind::busy,
                    fmt::format("{} copies of files to or from machine {} are under way (nap "
                                "cp): try again when they are done",
                                copies_, machine_.config.name));
    facts_ = facts();
    last_progress_ = {update::Phase::check, 0, "begins"};
    doing_ = Doing::updating;
    return {};
}

void Service::end_update() {
    std::lock_guard lock(mutex_);
    doing_ = Doing::serving;
    changed_.notify_all();
}

Result<Json> Service::answer(const std::string& method, const Json& params, channel::Call& call) {
    if (method == "status") return status();
    if (method == "update") return update(params, call);
    if (method == "check") return check(params, call);
    if (method == "stop") {
        ask_to_stop();
        return Json::object();
    }
    if (method == "exec" || method == "put" || method == "get") {
        NAP_TRY(auto session, Session::begin(*this, method));
        return pass_on(call, machine_.generation->agent(), method, params);
    }
    return fail(ErrorKind::usage, "the supervisor knows no call named " + method);
}

void Service::ask_to_stop() {
    std::lock_guard lock(mutex_);
    stop_asked_ = true;
    changed_.notify_all();
}

bool Service::wait_for_stop(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    bool stop = changed_.wait_for(lock, limit, [this] { return stop_asked_ && doing_ != Doing::updating; });
    if (stop) doing_ = Doing::stopping;
    return stop;
}

bool Service::generation_runs() {
    std::lock_guard lock(mutex_);
    return doing_ == Doing::updating || machine_.generation->process().running();
}

std::optional<machine::End> Service::generation_ended() {
    std::lock_guard lock(mutex_);
    if (doing_ == Doing::updating) return std::nullopt;
    return machine_.generation->ended();
}

bool Service::userland_ended() {
    // A session: no update begins meanwhile
    auto session = Session::begin(*this, "userland");
    if (!session) return false;
    auto answer =
        machine_.generation->agent().call("userland", Json::object(), std::chrono::milliseconds(500));
    if (!answer || !answer->is_object()) return false;
    auto running = answer->find("running");
    return running != answer->end() && running->is_boolean() && !running->get<bool>();
}

void Service::gather_memory() {
    // A session: no update begins meanwhile
    if (const auto session = Session::begin(*this, "gather")) gathering_.go_on(machine_);
}

Json Service::facts() const {
    return {{"name", machine_.config.name},
            {"kernel", machine_.kernel.version},
            {"kernel_source", machine_.kernel.source},
            {"generation", machine_.number},
            {"cpus", machine_.config.cpus},
            {"cpu", machine_.config.cpu},
            {"memory", machine_.layout.user_memory},
            {"kernel_memory", machine_.layout.kernel_memory},
            {"disk", machine_.config.disk},
            {"address", machine_.config.address},
            {"accelerator", to_string(machine_.accelerator.accelerator)},
            {"accelerator_reason", machine_.accelerator.reason},
            {"supervisor_pid", ::getpid()}};
}

namespace {

// How much of U is in use on the host, and how much of that lies on 2 MiB pages.
void tell_memory(Json& facts, const machine::MachinePaths& paths, pid_t qemu) {
    facts["memory_in_use"] = update::allocated(paths.user_memory());
    const auto smaps = read_file("/proc/" + std::to_string(qemu) + "/smaps");
    facts["memory_on_huge_pages"] = smaps ? machine::mapped_by_huge_pages(*smaps, paths.user_memory()) : 0;
}

}  // namespace

Json Service::status() {
    std::lock_guard lock(mutex_);
    const bool updating = doing_ == Doing::updating;
    Json out = updating ? facts_ : facts();
    const bool runs = updating || machine_.generation->process().running();
    out["state"] = updating                    ? "updating"
                   : doing_ == Doing::stopping ? "stopping"
                   : runs                      ? "running"
                                               : "ended";
    out["sessions"] = sessions_;
    if (updating)
        out["update"] = {{"phase", to_string(last_progress_.phase)},
                         {"fraction", last_progress_.fraction},
                         {"text", last_progress_.text}};
    else
        out["qemu_pid"] = machine_.generation->process().pid();
    if (runs && !updating) tell_memory(out, machine_.paths, machine_.generation->process().pid());
    return out;
}

// What an update without a chosen kernel would be to. A machine without a kernel in its /boot has chosen
// ones.
void Service::tell_own_kernel(Json& out, std::vector<update::Obstacle>& obstacles) {
    const auto own = look_at_own_kernel(paths_, machine_);
    if (own) {
        out["own_kernel"] = own->version;
        out["own_kernel_runs"] = own->runs;
    } else if (own.error().kind != ErrorKind::not_found) {
        obstacles.push_back({0, "", own.error().message, "", "`--kernel V` chooses another"});
    }
}

Result<Json> Service::check(const Json& params, channel::Call& call) {
    NAP_TRY(auto session, Session::begin(*this, "check"));
    kernel::Kernel newer;
    std::string wanted = params.value("kernel", "");
    if (!wanted.empty()) {
        NAP_TRY(newer, kernels_of(paths_, machine_.config.name).find(wanted));
    }
    auto tell = [&call](std::uint64_t checked, std::uint64_t of) {
        (void)call.send_event({{"checked", checked}, {"of", of}});
    };
    NAP_TRY(auto obstacles, update::find_obstacles(machine_, wanted.empty() ? nullptr : &newer, tell));
    Json out{{"accelerator", to_string(machine_.accelerator.accelerator)},
             {"accelerator_reason", machine_.accelerator.reason}};
    if (wanted.empty()) tell_own_kernel(out, obstacles);
    out["obstacles"] = obstacles_json(obstacles);
    return out;
}

Result<OwnKernel> Service::own_kernel(channel::Call& call) {
    NAP_TRY(auto session, Session::begin(*this, "kernel"));
    auto own = take_own_kernel(paths_, machine_, [&](const std::string& text) {
        spdlog::info("{}", text);
        (void)call.send_event({{"phase", to_string(update::Phase::check)}, {"fraction", 0}, {"text", text}});
    });
    if (!own && own.error().kind == ErrorKind::not_found)
        return fail(ErrorKind::not_found,
                    own.error().message + "; --kernel V takes one of `nap kernel list`");
    if (!own) return std::unexpected(own.error().within("its own kernel"));
    return own;
}

Result<Json> Service::update(const Json& params, channel::Call& call) {
    const auto testing = testing_from(params, machine_.testing);
    std::string wanted = params.value("kernel", "");
    if (wanted.empty()) {
        // While everything is served on
        NAP_TRY(const auto own, own_kernel(call));
        if (own.runs)
            return Json{{"outcome", "unchanged"},
                        {"older_kernel", machine_.kernel.version},
                        {"own_kernel", own.version}};
        wanted = own.version;
    }
    NAP_TRY(auto updating, Updating::begin(*this));
    auto tell = [&](const update::Progress& progress) {
        {
            std::lock_guard lock(mutex_);
            last_progress_ = progress;
        }
        // A client that went away does not stop the update.
        (void)call.send_event(
            {{"phase", to_string(progress.phase)}, {"fraction", progress.fraction}, {"text", progress.text}});
    };
    NAP_TRY(auto newer,
            kernels_of(paths_, machine_.config.name).refresh(wanted, [&](const std::string& text) {
                spdlog::info("{}", text);
                tell({update::Phase::check, 0, text});
            }));
    auto started = std::time(nullptr);
    update::TimeLimits limits;
    if (const auto pause = channel::number_in(params, "max_pause_ms", kLongestPause.count()))
        limits.pause = std::chrono::milliseconds(*pause);
    auto outcome = update::run_update(machine_, newer, testing, tell, limits);
    bool begun = outcome.report.phases_ms.size() > 1;  // a refusal at check is no update
    Json report;
    if (begun) report = keep_in_history(machine_.paths.history(), outcome.report, started);
    if (!outcome.result) return std::unexpected(outcome.result.error());
    return report;
}

}  // namespace nap::supervisor
