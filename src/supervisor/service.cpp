// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/service.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <ctime>

#include "supervisor/history.hpp"
#include "supervisor/proxy.hpp"

namespace nap::supervisor {

using channel::Json;

namespace {

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
    return testing;
}

Json obstacles_json(const std::vector<update::Obstacle>& obstacles) {
    Json out = Json::array();
    for (const auto& each : obstacles)
        out.push_back({{"pid", each.pid},
                       {"name", each.name},
                       {"what", each.what},
                       {"why", each.why},
                       {"advice", each.advice}});
    return out;
}

}  // namespace

// While one exists, no update begins.
class Service::Session {
  public:
    static Result<std::unique_ptr<Session>> begin(Service& service) {
        NAP_CHECK(service.begin_session());
        return std::unique_ptr<Session>(new Session(service));
    }
    ~Session() { service_.end_session(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

  private:
    explicit Session(Service& service) : service_(service) {}
    Service& service_;
};

Result<> Service::begin_session() {
    std::lock_guard lock(mutex_);
    if (doing_ == Doing::updating)
        return fail(ErrorKind::busy, fmt::format("machine {} is being updated; try again when that is done",
                                                 machine_.config.name));
    if (doing_ == Doing::stopping)
        return fail(ErrorKind::busy, fmt::format("machine {} is stopping", machine_.config.name));
    ++sessions_;
    return {};
}

void Service::end_session() {
    std::lock_guard lock(mutex_);
    --sessions_;
    changed_.notify_all();
}

Result<Json> Service::answer(const std::string& method, const Json& params, channel::Call& call) {
    if (method == "status") return status();
    if (method == "update") return update(params, call);
    if (method == "check") return check(params);
    if (method == "stop") {
        ask_to_stop();
        return Json::object();
    }
    if (method == "exec" || method == "put" || method == "get") {
        NAP_TRY(auto session, Session::begin(*this));
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

Json Service::status() {
    std::lock_guard lock(mutex_);
    Json out = {{"name", machine_.config.name},
                {"state", doing_ == Doing::updating   ? "updating"
                          : doing_ == Doing::stopping ? "stopping"
                                                      : "running"},
                {"kernel", machine_.kernel.version},
                {"generation", machine_.number},
                {"cpus", machine_.config.cpus},
                {"memory", machine_.layout.user_memory},
                {"kernel_memory", machine_.layout.kernel_memory},
                {"disk", machine_.config.disk},
                {"address", machine_.config.address},
                {"accelerator", to_string(machine_.accelerator.accelerator)},
                {"accelerator_reason", machine_.accelerator.reason},
                {"supervisor_pid", ::getpid()},
                {"sessions", sessions_}};
    if (doing_ == Doing::updating) {
        out["update"] = {{"phase", to_string(last_progress_.phase)},
                         {"fraction", last_progress_.fraction},
                         {"text", last_progress_.text}};
    } else {
        out["qemu_pid"] = machine_.generation->process().pid();
    }
    return out;
}

Result<Json> Service::check(const Json& params) {
    NAP_TRY(auto session, Session::begin(*this));
    kernel::Kernel newer;
    std::string wanted = params.value("kernel", "");
    if (!wanted.empty()) {
        NAP_TRY(newer, kernel::Store(paths_.kernels(), paths_.libexec).find(wanted));
    }
    NAP_TRY(auto obstacles, update::find_obstacles(machine_, wanted.empty() ? nullptr : &newer));
    return Json{{"obstacles", obstacles_json(obstacles)}};
}

Result<Json> Service::update(const Json& params, channel::Call& call) {
    auto tell = [](const std::string& text) { spdlog::info("{}", text); };
    NAP_TRY(auto newer,
            kernel::Store(paths_.kernels(), paths_.libexec).refresh(params.value("kernel", ""), tell));
    {
        std::lock_guard lock(mutex_);
        if (doing_ != Doing::serving)
            return fail(ErrorKind::busy,
                        fmt::format("an update of machine {} is already under way, or it is stopping",
                                    machine_.config.name));
        doing_ = Doing::updating;
    }
    auto started = std::time(nullptr);
    auto outcome = update::run_update(machine_, newer, testing_from(params, machine_.testing),
                                      [&](const update::Progress& progress) {
                                          {
                                              std::lock_guard lock(mutex_);
                                              last_progress_ = progress;
                                          }
                                          // A client that went away does not stop the update.
                                          (void)call.send_event({{"phase", to_string(progress.phase)},
                                                                 {"fraction", progress.fraction},
                                                                 {"text", progress.text}});
                                      });
    bool begun = outcome.report.phases_ms.size() > 1;  // a refusal at check is no update
    Json report;
    if (begun) report = keep_in_history(machine_.paths.history(), outcome.report, started);
    {
        std::lock_guard lock(mutex_);
        doing_ = Doing::serving;
        changed_.notify_all();
    }
    if (!outcome.result) return std::unexpected(outcome.result.error());
    return report;
}

}  // namespace nap::supervisor
