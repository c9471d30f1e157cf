// SPDX-License-Identifier: GPL-2.0-only
// A machine's configuration as JSON, and what each field may be.
#include "machine/definition/config.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "base/hash.hpp"
#include "machine/definition/address.hpp"
#include "machine/definition/layout.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;

constexpr int kMostCpus = 64;
constexpr int kMostPartitions = 128;

std::unexpected<Error> wrong(std::string_view field, const std::string& why) {
    return fail(ErrorKind::usage, "The machine's " + std::string(field) + " " + why + ".");
}

// Field readers: absent means the default, a wrong type is an error.
Result<std::string> text(const Json& json, const char* field, const std::string& otherwise = {}) {
    auto at = json.find(field);
    if (at == json.end()) return otherwise;
    if (!at->is_string()) return wrong(field, "must be a string");
    const auto& value = at->get_ref<const std::string&>();
    if (value.size() > 4096) return wrong(field, "is longer than 4096 characters");
    if (std::ranges::any_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        return wrong(field, "contains a control character");
    return value;
}

Result<std::uint64_t> number(const Json& json, const char* field, std::uint64_t otherwise) {
    auto at = json.find(field);
    if (at == json.end()) return otherwise;
    if (!at->is_number_integer() || (!at->is_number_unsigned() && at->get<std::int64_t>() < 0))
        return wrong(field, "must be a non-negative integer");
    return at->get<std::uint64_t>();
}

bool only(std::string_view value, std::string_view also) {
    return std::ranges::all_of(value, [also](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || also.find(c) != also.npos;
    });
}

constexpr std::string_view kUpperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

Result<> check_name(const std::string& name) {
    if (name.empty() || name.size() > 63 || !only(name, "._-") || !only(name.substr(0, 1), ""))
        return wrong("name",
                     "'" + name + "' must be 1 to 63 of a-z 0-9 . _ - and start with a letter or digit");
    return {};
}

Result<> check_kernel(const std::string& version) {
    if (version.empty() || version.size() > 127 || version.front() == '.' || version.front() == '-' ||
        !only(version, std::string(kUpperCase) + "._+~-"))
        return wrong("kernel", "'" + version + "' is not a kernel version such as 6.1.0-56-cloud-amd64");
    return {};
}

Result<> check_cpu(const std::string& model) {
    if (model.empty() || model.size() > 63 || !only(model, std::string(kUpperCase) + "._-"))
        return wrong("cpu", "'" + model + "' must be host, or a model such as EPYC-v3");
    return {};
}

Result<> check_path(std::string_view field, const std::string& path) {
    if (path.empty() || path.front() != '/') return wrong(field, "'" + path + "' must be an absolute path");
    return {};
}

Result<> check_mac(const std::string& mac) {
    std::array<unsigned, 6> octets{};
    bool shaped = mac.size() == 17;
    for (std::size_t i = 0; shaped && i < 6; ++i) {
        const char* from = mac.data() + i * 3;
        auto [end, error] = std::from_chars(from, from + 2, octets[i], 16);
        shaped = error == std::errc{} && end == from + 2 && (i == 5 || *end == ':');
    }
    if (!shaped)
        return wrong("mac", "'" + mac + "' must be six hexadecimal octets such as 52:54:00:12:34:56");
    if (octets[0] & 1) return wrong("mac", "'" + mac + "' is a multicast address");
    if (std::ranges::all_of(octets, [](unsigned octet) { return octet == 0; }))
        return wrong("mac", "must not be all zero");
    return {};
}

Result<> check_network(const Network& network) {
    const auto& tap = network.tap;
    if (tap.empty() || tap.size() >= IFNAMSIZ || tap == "." || tap == ".." ||
        tap.find_first_of("/: %") != tap.npos)
        return wrong("tap", "'" + tap + "' must be an interface name of 1 to 15 characters");
    const auto& netns = network.netns;
    if (netns.size() > 255 || netns == "." || netns == ".." || netns.find('/') != netns.npos)
        return wrong("netns", "'" + netns + "' must be a name as `ip netns list` shows it");
    return check_mac(network.mac);
}

Result<> check_addresses(const Config& config) {
    if (config.address.empty()) {
        if (!config.gateway.empty()) return wrong("gateway", "needs an address beside it");
        return {};
    }
    NAP_CHECK(check_address(config.address, config.gateway));
    if (!config.network) return wrong("address", "needs a network: give it a tap");
    return {};
}

Result<std::optional<Network>> network_from(const Json& json) {
    auto at = json.find("network");
    if (at == json.end() || at->is_null()) return std::nullopt;
    if (!at->is_object()) return wrong("network", "must be an object");
    Network network;
    NAP_TRY(network.tap, text(*at, "tap"));
    NAP_TRY(network.netns, text(*at, "netns"));
    NAP_TRY(network.mac, text(*at, "mac"));
    NAP_CHECK(check_network(network));
    return network;
}

}  // namespace

Json to_json(const Config& config) {
    Json json = {{"name", config.name},
                 {"disk", config.disk},
                 {"disk_format", config.disk_format},
                 {"partition", config.partition},
                 {"kernel", config.kernel},
                 {"memory", config.memory},
                 {"kernel_memory", config.kernel_memory},
                 {"cpus", config.cpus},
                 {"cpu", config.cpu},
                 {"address", config.address},
                 {"gateway", config.gateway},
                 {"init", config.init}};
    if (config.network)
        json["network"] = {
            {"tap", config.network->tap}, {"netns", config.network->netns}, {"mac", config.network->mac}};
    return json;
}

Result<Config> config_from_json(const Json& json) {
    if (!json.is_object()) return fail(ErrorKind::usage, "A machine's configuration must be a JSON object.");
    Config config;
    NAP_TRY(config.name, text(json, "name"));
    NAP_CHECK(check_name(config.name));
    NAP_TRY(config.disk, text(json, "disk"));
    NAP_CHECK(check_path("disk", config.disk));
    NAP_TRY(config.disk_format, text(json, "disk_format"));
    if (config.disk_format != "raw" && config.disk_format != "qcow2")
        return wrong("disk_format", "'" + config.disk_format + "' must be raw or qcow2");
    NAP_TRY(auto partition, number(json, "partition", 0));
    if (partition > kMostPartitions) return wrong("partition", "must be 0 (whole disk) to 128");
    config.partition = static_cast<int>(partition);
    NAP_TRY(config.kernel, text(json, "kernel"));
    NAP_CHECK(check_kernel(config.kernel));
    NAP_TRY(auto memory, number(json, "memory", 0));
    NAP_TRY(auto kernel_memory, number(json, "kernel_memory", 0));
    NAP_TRY(auto layout, lay_out(memory, kernel_memory ? std::optional(kernel_memory) : std::nullopt));
    config.memory = layout.user_memory;
    config.kernel_memory = layout.kernel_memory;
    NAP_TRY(auto cpus, number(json, "cpus", 1));
    if (cpus < 1 || cpus > kMostCpus) return wrong("cpus", "must be 1 to " + std::to_string(kMostCpus));
    config.cpus = static_cast<int>(cpus);
    NAP_TRY(config.cpu, text(json, "cpu", config.cpu));
    NAP_CHECK(check_cpu(config.cpu));
    NAP_TRY(config.network, network_from(json));
    NAP_TRY(config.address, text(json, "address"));
    NAP_TRY(config.gateway, text(json, "gateway"));
    NAP_CHECK(check_addresses(config));
    NAP_TRY(config.init, text(json, "init", config.init));
    NAP_CHECK(check_path("init", config.init));
    return config;
}

std::string default_mac(std::string_view machine) {
    std::uint64_t hash = stable_hash(machine);
    hash ^= hash >> 32;
    std::array<char, 18> mac;
    std::snprintf(mac.data(), mac.size(), "52:54:00:%02x:%02x:%02x", static_cast<unsigned>(hash >> 16 & 0xff),
                  static_cast<unsigned>(hash >> 8 & 0xff), static_cast<unsigned>(hash & 0xff));
    return mac.data();
}

Result<> save_config(const std::filesystem::path& path, const Config& config) {
    return replace_file(path, to_json(config).dump(2) + "\n");
}

}  // namespace nap::machine
