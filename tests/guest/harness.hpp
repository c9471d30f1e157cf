// SPDX-License-Identifier: GPL-2.0-only
// What a guest state is: set up once, verified after every update; and a holder: what an update refuses, or
// only seems to have to. See README.md for the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sstream>
#include <string>

namespace guest {

struct Failure {
    std::string reason;
};

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    throw Failure{text.str()};
}

template <class... Parts>
void require(bool condition, const Parts&... parts) {
    if (!condition) fail(parts...);
}

// The result of a system call; fails with errno's text where it is negative.
long check(long result, const std::string& what);

// One kind of state. Every function may throw Failure.
class State {
  public:
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    virtual ~State() = default;
    virtual void set_up() = 0;
    virtual void verify() = 0;  // leaves the state as set_up did, to be verified again
    virtual void damage() = 0;  // afterwards verify() fails
};

using Factory = std::unique_ptr<State> (*)();

struct Registration {
    Registration(const char* name, Factory factory);
};

#define NAP_GUEST_STATE_AS(id, name, type, ...)                                                       \
    const ::guest::Registration registration_##id {                                                   \
        name, []() -> std::unique_ptr<::guest::State> { return std::make_unique<type>(__VA_ARGS__); } \
    }
#define NAP_GUEST_STATE_ON(line, ...) NAP_GUEST_STATE_AS(line, __VA_ARGS__)
// NAP_GUEST_STATE("name", Class, constructor arguments...) at namespace scope, one per line.
#define NAP_GUEST_STATE(...) NAP_GUEST_STATE_ON(__LINE__, __VA_ARGS__)

// An obstacle: what cannot be carried. The function makes one, which then lasts as long as its process; it
// may throw Failure.
using Hold = void (*)();

struct HolderRegistration {
    HolderRegistration(const char* name, Hold hold);
};

#define NAP_GUEST_HOLDER_AS(id, name, hold) const ::guest::HolderRegistration holder_##id(name, hold)
#define NAP_GUEST_HOLDER_ON(line, name, hold) NAP_GUEST_HOLDER_AS(line, name, hold)
// NAP_GUEST_HOLDER("name", function) at namespace scope, one per line.
#define NAP_GUEST_HOLDER(name, hold) NAP_GUEST_HOLDER_ON(__LINE__, name, hold)

// Bytes that depend on every bit of `seed` and on their place.
void fill_pattern(std::span<std::byte> bytes, std::uint64_t seed);
void require_pattern(std::span<const std::byte> bytes, std::uint64_t seed, const std::string& what);
std::string pattern_text(std::size_t size, std::uint64_t seed);

// A directory of this kind's own on the disk: where it lies; made, and empty at first.
std::string disk_path(const std::string& kind);
std::string disk_directory(const std::string& kind);

bool in_machine();  // of Nap; else it tests itself on some host
std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

// Reads until `size` bytes are there or nothing more comes within 15 seconds; the descriptor may block.
std::string read_exactly(int fd, std::size_t size, const std::string& what);
void write_exactly(int fd, const std::string& text, const std::string& what);

void sleep_ms(int milliseconds);  // all of it, whatever interrupts

}  // namespace guest
