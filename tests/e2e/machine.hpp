// SPDX-License-Identifier: GPL-2.0-only
// A machine under test: `nap` called as a user calls it, in a network namespace and with a disk of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "supervisor/paths.hpp"

namespace nap::e2e {

using Arguments = std::vector<std::string>;

inline constexpr std::chrono::milliseconds kShort{60'000}, kLong{900'000};

// Runs a program to its end; a test failure where it cannot be started or takes too long.
Output call(const Arguments& argv, std::chrono::milliseconds limit = kShort,
            const Arguments& environment = {});

// nap --root build/nap ARGUMENTS...
Output nap(const Arguments& arguments, std::chrono::milliseconds limit = kShort,
           const Arguments& environment = {});
Arguments nap_argv(const Arguments& arguments);

// The JSON a --json answer ends with; null, and a test failure, where there is none.
nlohmann::json json_of(const Output& output);

struct Kernels {
    std::string older, newer;
};
Kernels kernels();  // what scripts/test put into the store

// Asked again and again until it is so; false: it is not within the limit.
bool eventually(const std::function<bool()>& condition, std::chrono::seconds limit);

std::filesystem::path build_directory();
supervisor::Paths nap_paths();  // of build/nap

// Created and started; stopped and removed at the end, whatever happened.
class Machine {
  public:
    struct Options {
        int cpus = 1;
        bool testing = false;     // its supervisor accepts faults
        std::string kernel = {};  // empty: the older one
        std::string memory = "1G";
        std::string disk_format = "raw";
        std::string root_disk = "root.img";  // of build/disk
    };
    Machine() : Machine(Options{}) {}
    explicit Machine(const Options& options);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    ~Machine();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::filesystem::path& disk() const { return disk_; }
    [[nodiscard]] const std::string& netns() const { return netns_; }
    // Its files on the host: sockets, memory, configuration and journal.
    [[nodiscard]] const supervisor::MachinePaths& paths() const { return paths_; }

    [[nodiscard]] Output exec(const Arguments& argv, std::chrono::milliseconds limit = kShort) const;
    [[nodiscard]] Output update(const std::string& kernel, const Arguments& environment = {}) const;
    [[nodiscard]] std::string kernel() const;  // uname -r, asked inside
    [[nodiscard]] nlohmann::json status() const;

    // Puts tests/guest's program into the machine; `states` calls it: start, verify, ... of `names`.
    void install_states() const;
    [[nodiscard]] Output states(const std::string& verb, const Arguments& names = {}) const;
    // Open: a dump reads System V shared memory and symlinks of a tmpfs as any process would, which their
    // times (and the last process to attach) show after a rollback. All but the states that look at these,
    // and but half open connections: minutes and many faults later their next word is further away than they
    // wait.
    [[nodiscard]] Arguments states_a_rollback_keeps() const;

    static constexpr const char* kAddress = "10.78.0.2";

  private:
    std::string name_, netns_, tap_;
    std::filesystem::path disk_;
    supervisor::MachinePaths paths_;
};

// scripts/demo-client, counting: any number lost or repeated, and a broken connection, show at the end.
class Counter {
  public:
    explicit Counter(const Machine& machine);
    ~Counter();
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;
    // Replies until now; a test failure where it no longer counts.
    [[nodiscard]] long replies() const;
    nlohmann::json stop();  // its report

  private:
    Arguments client(const Arguments& words) const;
    const Machine& machine_;
    std::filesystem::path socket_, report_;
    std::unique_ptr<Process> process_;
};

}  // namespace nap::e2e
