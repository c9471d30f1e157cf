// SPDX-License-Identifier: GPL-2.0-only
// What a worker is: it changes its own state and checks all of it, round after round, for as long as the
// machine runs.
#pragma once

#include <cstdint>
#include <memory>

namespace soak {

// Every function may throw guest::Failure, which ends the work: the first failure is what is reported.
class Worker {
  public:
    Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    virtual ~Worker() = default;
    virtual void set_up() {}
    virtual void round() = 0;
    // What it has done so far, in its own unit: transfers, lines, forks.
    [[nodiscard]] virtual std::uint64_t done() const = 0;
};

struct Kind {
    const char* name;
    const char* unit;
    int pause_ms;  // between rounds: leaves the others their share of an emulated processor
    std::unique_ptr<Worker> (*make)();
};

std::unique_ptr<Worker> make_accounts();
std::unique_ptr<Worker> make_audit();
std::unique_ptr<Worker> make_lines();
std::unique_ptr<Worker> make_forks();
std::unique_ptr<Worker> make_memory();
std::unique_ptr<Worker> make_shared();

// Audit reads what accounts has made: it starts after it.
inline constexpr Kind kKinds[] = {
    {"accounts", "transfers", 20, make_accounts}, {"audit", "audits", 200, make_audit},
    {"lines", "lines", 20, make_lines},           {"forks", "forks", 5, make_forks},
    {"memory", "pages", 5, make_memory},          {"shared", "turns", 5, make_shared},
};

}  // namespace soak
