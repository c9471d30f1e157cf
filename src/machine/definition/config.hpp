// SPDX-License-Identifier: GPL-2.0-only
// A machine's configuration: what `nap create` was told, kept as machine.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::machine {

// The host's own; where it is emulated, all that QEMU can emulate.
inline constexpr const char* kHostCpu = "host";

struct Network {
    std::string tap;    // interface name on the host
    std::string netns;  // name of the host's network namespace it lives in; empty: ours
    std::string mac;
};

struct Config {
    std::string name;          // [a-z0-9][a-z0-9._-]{0,62}
    std::string disk;          // absolute path
    std::string disk_format;   // raw or qcow2, told once at creation: a guest can make raw look like qcow2
    int partition = 0;         // root file system: 0 whole disk, else partition number
    std::string kernel;        // version to start with; after an update: the newer one
    std::uint64_t memory = 0;  // U, bytes, a multiple of 128 MiB
    std::uint64_t kernel_memory = 0;  // K, bytes, a multiple of 128 MiB
    int cpus = 1;
    std::string cpu = kHostCpu;  // processor model: a name of QEMU's
    std::optional<Network> network;
    std::string address;  // CIDR, may be empty
    std::string gateway;  // of the same family as the address, may be empty
    std::string init = "/sbin/init";
};

nlohmann::json to_json(const Config& config);
// Checks every field; a usage error names the first one that is wrong, and what it may be.
Result<Config> config_from_json(const nlohmann::json& json);

// Locally administered, the same for the same name: 52:54:00 and a hash.
std::string default_mac(std::string_view machine);

// Durable when it returns.
Result<> save_config(const std::filesystem::path& path, const Config& config);

}  // namespace nap::machine
