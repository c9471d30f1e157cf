// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/memory_watch.hpp"

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "base/fd.hpp"

namespace nap::update {

namespace fs = std::filesystem;

std::uint64_t own_memory(pid_t process) {
    auto status = read_file("/proc/" + std::to_string(process) + "/status", 1 << 16);
    if (!status) return 0;
    auto at = status->find("RssAnon:");
    return at == std::string::npos ? 0 : std::strtoull(status->c_str() + at + 8, nullptr, 10) * 1024;
}

std::uint64_t allocated(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return 0;
    if (!S_ISDIR(info.st_mode)) return static_cast<std::uint64_t>(info.st_blocks) * 512;
    std::uint64_t sum = 0;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(path, failure)) sum += allocated(entry.path());
    return sum;
}

MemoryWatch::MemoryWatch(pid_t newer, std::vector<fs::path> files) : newer_(newer), files_(std::move(files)) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            sample();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        sample();
    });
}

MemoryWatch::~MemoryWatch() = default;

void MemoryWatch::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void MemoryWatch::sample() {
    std::uint64_t sum = own_memory(newer_);
    for (const auto& file : files_) sum += allocated(file);
    if (sum > peak_) peak_ = sum;
}

}  // namespace nap::update
