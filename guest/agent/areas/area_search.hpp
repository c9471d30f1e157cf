// SPDX-License-Identifier: GPL-2.0-only
// Area search: the memory areas, of all processes, that have a name, a NUMA policy or a seal.
// /proc/PID/numa_maps counts all their pages to tell, and of seals only smaps.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

struct AreaPolicy {
    std::uint32_t mode = 0;  // with its flags, as mbind(2) takes it
    std::int32_t home = -1;  // set_mempolicy_home_node(2); -1: none
    std::string nodes;       // a mask, as mbind(2) takes it
};

struct SetArea {
    std::int32_t host_pid;
    std::uint64_t start, end;
    std::optional<std::string> name;
    std::optional<AreaPolicy> policy;
    bool sealed;
    bool shared;  // its memory is a file's
};

class AreaSearch {
  public:
    // In the running kernel. The first call takes a while; later ones find it kept.
    static Result<const AreaSearch*> get();
    [[nodiscard]] Result<std::vector<SetArea>> run() const;

  private:
    static Result<AreaSearch> load(const RunningKernel& kernel);
    AreaSearch(const RunningKernel& kernel, KernelPass pass) : kernel_(&kernel), pass_(std::move(pass)) {}

    const RunningKernel* kernel_;
    KernelPass pass_;
};

}  // namespace nap::agent
