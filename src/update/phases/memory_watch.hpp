// SPDX-License-Identifier: GPL-2.0-only
// Memory watch: the host memory an update takes beyond the running machine's, sampled while it runs: the
// newer QEMU's own memory, its K, the overlay and the images on tmpfs.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <vector>

namespace nap::update {

class MemoryWatch {
  public:
    MemoryWatch(pid_t newer, std::vector<std::filesystem::path> files);
    ~MemoryWatch();
    MemoryWatch(const MemoryWatch&) = delete;
    MemoryWatch& operator=(const MemoryWatch&) = delete;

    void stop();  // takes a last sample
    [[nodiscard]] std::uint64_t peak_bytes() const { return peak_; }

  private:
    void sample();
    pid_t newer_;
    std::vector<std::filesystem::path> files_;  // files, or folders of files
    std::atomic<std::uint64_t> peak_ = 0;
    std::jthread thread_;
};

// Bytes of memory a process has of its own (RssAnon of /proc/PID/status); 0 if it is gone.
std::uint64_t own_memory(pid_t process);
// Bytes a file, or the files of a folder, take on their file system.
std::uint64_t allocated(const std::filesystem::path& path);

}  // namespace nap::update
