// SPDX-License-Identifier: GPL-2.0-only
// Any text as what the store reads: a kernel's record, its configuration, a package's control file.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "kernel/features.hpp"
#include "kernel/package/control.hpp"
#include "kernel/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nap::kernel;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)check_features(text.substr(0, 16), parse_config(text));
    for (const auto& paragraph : parse_control(text)) (void)paragraph.depends();
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const auto record = record_from_json(json);
    if (record && !record_from_json(to_json(*record))) std::abort();
    return 0;
}
