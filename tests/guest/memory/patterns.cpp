// SPDX-License-Identifier: GPL-2.0-only
// Patterns, and whole reads and writes: what many kinds check with.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "harness.hpp"

namespace guest {

namespace {
std::byte pattern_at(std::uint64_t seed, std::size_t word, std::size_t offset) {
    std::uint64_t value = (seed + word) * 0x9e3779b97f4a7c15ULL;
    value ^= value >> 29;
    value *= 0xbf58476d1ce4e5b9ULL;
    value ^= value >> 32;
    return static_cast<std::byte>(value >> (8 * offset));
}
}  // namespace

long check(long result, const std::string& what) {
    if (result < 0) fail(what, ": ", std::strerror(errno));
    return result;
}

void fill_pattern(std::span<std::byte> bytes, std::uint64_t seed) {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern_at(seed, i / 8, i % 8);
}

void require_pattern(std::span<const std::byte> bytes, std::uint64_t seed, const std::string& what) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] != pattern_at(seed, i / 8, i % 8))
            fail(what, ": byte ", i, " of ", bytes.size(), " changed");
}

std::string pattern_text(std::size_t size, std::uint64_t seed) {
    std::string text(size, '\0');
    fill_pattern(std::as_writable_bytes(std::span(text)), seed);
    return text;
}

std::string disk_path(const std::string& kind) {
    const char* base = std::getenv("NAP_TEST_DISK");
    return (std::filesystem::path(base != nullptr ? base : "/var/tmp/nap-test") / kind).string();
}

std::string disk_directory(const std::string& kind) {
    const std::string path = disk_path(kind);
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
    return path;
}

bool in_machine() {
    return access("/sys/class/virtio-ports/vport0p1/name", F_OK) == 0 &&
           read_text("/sys/class/virtio-ports/vport0p1/name").starts_with("org.nap.agent");
}

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    require(file.is_open(), "open ", path, ": ", std::strerror(errno));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    require(file.good(), "write ", path, ": ", std::strerror(errno));
}

// A connection on a busy host waits for its next try.
constexpr int kQuietMs = 15'000;

std::string read_exactly(int fd, std::size_t size, const std::string& what) {
    std::string text;
    while (text.size() < size) {
        pollfd ready{fd, POLLIN, 0};
        const int polled = poll(&ready, 1, kQuietMs);
        if (polled < 0 && errno == EINTR) continue;
        require(check(polled, what) == 1, what, ": only ", text.size(), " of ", size, " bytes came");
        std::string part(size - text.size(), '\0');
        const auto got = read(fd, part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        require(check(got, what) > 0, what, ": ended after ", text.size(), " of ", size, " bytes");
        text.append(part, 0, static_cast<std::size_t>(got));
    }
    return text;
}

void write_exactly(int fd, const std::string& text, const std::string& what) {
    for (std::size_t written = 0; written < text.size();) {
        const auto result = write(fd, text.data() + written, text.size() - written);
        if (result < 0 && errno == EINTR) continue;
        written += static_cast<std::size_t>(check(result, what));
    }
}

void sleep_ms(int milliseconds) {
    timespec left{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

}  // namespace guest
