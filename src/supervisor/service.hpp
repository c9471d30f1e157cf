// SPDX-License-Identifier: GPL-2.0-only
// Service: the calls a running machine's supervisor answers to the cli: status, exec, put, get, check,
// update, stop.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "channel/link.hpp"
#include "supervisor/gathering.hpp"
#include "supervisor/own_kernel.hpp"
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
    // How the generation ended by itself, or stands still for ever. Nothing while an update is under way.
    std::optional<machine::End> generation_ended();
    // Where the machine's init has ended (poweroff, or a crash): nothing of the machine runs any more. The
    // agent is asked; one that does not answer is taken to be busy.
    bool userland_ended();
    // Some more of its user memory comes to lie on 2 MiB pages of the host. Not while an update is under way.
    void gather_memory();

  private:
    enum class Doing { serving, updating, stopping };

    // Sessions (exec, put, get, check) begin while no update is under way. Which of them an update can begin
    // beside: those the agent names as obstacles, and copies it cannot.
    class Session;
    class Updating;
    Result<> begin_session(const std::string& method);
    void end_session(const std::string& method);
    Result<> begin_update();
    void end_update();
    Result<channel::Json> update(const channel::Json& params, channel::Call& call);
    Result<channel::Json> check(const channel::Json& params, channel::Call& call);
    // Of the machine's own /boot, made ready where it does not run. No update is under way yet.
    Result<OwnKernel> own_kernel(channel::Call& call);
    void tell_own_kernel(channel::Json& out, std::vector<update::Obstacle>& obstacles);
    channel::Json status();
    channel::Json facts() const;  // of what runs; mutex_ held, or nothing else under way

    Paths paths_;
    update::RunningMachine& machine_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Doing doing_ = Doing::serving;
    int sessions_ = 0, copies_ = 0;  // the copies are sessions, too
    channel::Json facts_;            // while updating: as they were at its begin
    bool stop_asked_ = false;
    Gathering gathering_;
    update::Progress last_progress_{update::Phase::check, 0, ""};
};

}  // namespace nap::supervisor
