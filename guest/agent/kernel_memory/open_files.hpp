// SPDX-License-Identifier: GPL-2.0-only
// Open files of one kind, of all processes, found by the kernel in one pass. Reading the links of
// /proc/PID/fd costs a system call each.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

struct OpenFile {
    std::int32_t host_pid;  // of the process
    std::int32_t fd;
    std::uint64_t object;  // file->private_data: what the file is about
};

class OpenFileSearch {
  public:
    // `operations`: the symbol of the kind's struct file_operations. Takes a while.
    static Result<OpenFileSearch> load(const RunningKernel& kernel, std::string_view operations);

    [[nodiscard]] Result<std::vector<OpenFile>> run() const { return pass_.run<OpenFile>(); }

  private:
    explicit OpenFileSearch(KernelPass pass) : pass_(std::move(pass)) {}

    KernelPass pass_;
};

}  // namespace nap::agent
