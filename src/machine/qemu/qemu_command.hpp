// SPDX-License-Identifier: GPL-2.0-only
// QEMU's command line for one generation. Pure.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "machine/definition/accelerator.hpp"
#include "machine/definition/config.hpp"
#include "machine/definition/layout.hpp"

namespace nap::machine {

// Everything QEMU's command line is made of.
struct GenerationSpec {
    std::string machine;  // name, for -name
    int number = 0;       // generation
    std::filesystem::path vmlinuz, initramfs;
    std::string kernel_version;
    MemoryLayout layout;
    std::filesystem::path kernel_memory_file, user_memory_file;
    int cpus = 1;
    std::string cpu = kHostCpu;  // Config::cpu
    Credentials credentials{};   // QEMU runs with
    Accelerator accelerator = Accelerator::tcg;
    bool testing = false;  // the agent does what tests ask of it
    bool newer = false;    // U is onlined by the agent; disk behind an overlay; network held
    std::filesystem::path disk;
    std::string disk_format;
    bool disk_is_device = false;    // DiskInfo::is_device
    std::filesystem::path overlay;  // newer only
    bool network = false;           // has a tap queue
    std::string mac;
    std::filesystem::path qmp_socket, agent_socket, console_log;
};

// QEMU runs as a user who may open none of a machine's files: it inherits them open, by these numbers.
enum Descriptor : int {
    kTapFd = 10,
    kVmlinuzFd,
    kInitramfsFd,
    kKernelMemoryFd,
    kUserMemoryFd,
    kConsoleFd,  // written at its end
    kQmpFd,      // listening sockets
    kAgentFd,
    kDiskFd,  // the image; the overlay of a newer generation
};

// Names of what QMP commands act on, the same in every generation.
inline constexpr const char* kRootImage = "root-image";      // block node: the machine's disk
inline constexpr const char* kRootOverlay = "root-overlay";  // block node: the overlay above it, newer only
inline constexpr const char* kAgentPort = "agent-port";
inline constexpr const char* kNetdev = "network";
inline constexpr const char* kNetworkHold = "network-hold";  // filter-buffer that holds all packets

inline constexpr const char* kQemu = "qemu-system-x86_64";

// argv of it. See docs/architecture.md for each device's reason.
std::vector<std::string> qemu_command(const GenerationSpec& spec);

// The kernel's own command line, part of it.
std::string kernel_command_line(const GenerationSpec& spec);

}  // namespace nap::machine
