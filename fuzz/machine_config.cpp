// SPDX-License-Identifier: GPL-2.0-only
// Fuzzes machine.json: what is accepted must come back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "machine/definition/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto json = nlohmann::json::parse(data, data + size, nullptr, false);
    auto config = nap::machine::config_from_json(json);
    if (!config) return 0;
    auto again = nap::machine::config_from_json(nap::machine::to_json(*config));
    if (!again || nap::machine::to_json(*again) != nap::machine::to_json(*config)) std::abort();
    return 0;
}
