// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/host_kills.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::machine {

namespace {

// "6,1234,5678,-;Memory cgroup out of memory: Killed process 17 (qemu-system-x86), UID ..."
constexpr std::string_view kKilled = "Killed process ";
constexpr std::string_view kCount = "oom_kill ";

enum class Named { yes, no, unknown };

Named ask_kernel_log(pid_t process) {
    const auto log = open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    if (!log) return Named::unknown;
    std::array<char, 8192> record;  // the longest there is
    for (;;) {
        const ssize_t got = ::read(log->get(), record.data(), record.size());
        if (got < 0 && (errno == EPIPE || errno == EINTR)) continue;  // overwritten while we read
        if (got <= 0) return Named::no;
        if (names_killed({record.data(), static_cast<std::size_t>(got)}, process)) return Named::yes;
    }
}

}  // namespace

bool names_killed(std::string_view kernel_log, pid_t process) {
    const auto name = std::string(kKilled) + std::to_string(process) + " ";
    return kernel_log.contains(name);
}

std::uint64_t kills_in(std::string_view vmstat) {
    const auto at = vmstat.find("\n" + std::string(kCount));
    if (at == vmstat.npos) return 0;
    return leading_number<std::uint64_t>(vmstat.substr(at + 1 + kCount.size()));
}

std::uint64_t host_kills() {
    const auto vmstat = read_file("/proc/vmstat", 1 << 20);
    return vmstat ? kills_in(*vmstat) : 0;
}

bool killed_for_memory(pid_t process, std::uint64_t before) {
    if (host_kills() <= before) return false;
    return ask_kernel_log(process) != Named::no;
}

}  // namespace nap::machine
