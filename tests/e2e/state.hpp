// SPDX-License-Identifier: GPL-2.0-only
// State on the host as `nap` may find it, below a --root of its own, without any machine that runs.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "channel/link.hpp"
#include "e2e/machine.hpp"
#include "supervisor/paths.hpp"

namespace nap::e2e {

class State {
  public:
    State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();  // removes it all

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] const supervisor::Paths& paths() const { return paths_; }
    // Of a stopped machine, on that kernel.
    void add_machine(const std::string& name, const std::string& kernel) const;
    void add_kernel(const std::string& version) const;  // its record only
    [[nodiscard]] Output nap(const Arguments& arguments) const;

  private:
    std::filesystem::path root_;
    supervisor::Paths paths_;
};

void write(const std::filesystem::path& path, const std::string& content);

// Answers on a machine's control socket in place of its supervisor.
class StandIn {
  public:
    StandIn(const supervisor::MachinePaths& machine, channel::Handler handler);
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;
    ~StandIn();

  private:
    void serve(int listener);
    channel::Handler handler_;
    UniqueFd listener_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace nap::e2e
