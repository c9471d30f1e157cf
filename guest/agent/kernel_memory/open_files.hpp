// SPDX-License-Identifier: GPL-2.0-only
// Open files of one kind, of all processes, found by the kernel in one pass. Reading the links of
// /proc/PID/fd costs a system call each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

struct OpenFile {
    std::int32_t host_pid = 0;  // of the process
    std::int32_t fd = 0;
    std::uint64_t object = 0;          // file->private_data: what the file is about
    std::vector<std::uint64_t> words;  // that were asked for
};

// Where a word lies: offsets, the first into the object, each further one into what the word before points
// to. One that cannot be read, or has no offsets, is 0.
using WordPath = std::vector<std::uint64_t>;

class OpenFileSearch {
  public:
    // `operations`: the symbol of the kind's struct file_operations. `words`: what of each object is read in
    // the same pass, 50 at most. Takes a while.
    static Result<OpenFileSearch> load(const RunningKernel& kernel, std::string_view operations,
                                       std::span<const WordPath> words = {});

    [[nodiscard]] Result<std::vector<OpenFile>> run() const;

  private:
    OpenFileSearch(KernelPass pass, std::size_t words) : pass_(std::move(pass)), words_(words) {}

    KernelPass pass_;
    std::size_t words_;
};

}  // namespace nap::agent
