// SPDX-License-Identifier: GPL-2.0-only
// Service: the calls a running machine's supervisor answers to the cli: status, exec, put, get, check,
// update, stop.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "channel/link.hpp"
#include "supervisor/paths.hpp"
#include "update/update.hpp"

namespace nap::supervisor {

class Service {
  public:
    Service(const Paths& paths, update::RunningMachine& machine) : paths_(paths), machine_(machine) {}

    Result<channel::Json> answer(const std::string& method, const channel::Json& params, channel::Call& call);

    // True once `stop` was asked for and nothing is under way.
    bool wait_for_stop(std::chrono::milliseconds limit);
    void ask_to_stop();
    // The generation's process, safe to look at beside an update.
    bool generation_runs();

  private:
    enum class Doing { serving, updating, stopping };

    // One session (exec, put, get) or the one update at a time: they exclude each other.
    class Session;
    Result<> begin_session();
    void end_session();
    Result<channel::Json> update(const channel::Json& params, channel::Call& call);
    Result<channel::Json> check(const channel::Json& params);
    channel::Json status();

    Paths paths_;
    update::RunningMachine& machine_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Doing doing_ = Doing::serving;
    int sessions_ = 0;
    bool stop_asked_ = false;
    update::Progress last_progress_{update::Phase::check, 0, ""};
};

}  // namespace nap::supervisor
