// SPDX-License-Identifier: GPL-2.0-only
// kernel.json: what the store remembers of a kernel, and from what it was made.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernel/features.hpp"
#include "kernel/package/digest.hpp"
#include "walk/layout.hpp"
#include "walk/socket_layout.hpp"

namespace nap::kernel {

struct Record {
    std::string version;  // uname -r
    std::string source;   // package name and version, or file
    walk::KernelLayout layout;
    walk::SocketLayout socket_layout;
    Config features;                   // the options checked, and their values
    std::vector<std::string> modules;  // files below modules/, in load order
    std::string headers;               // build directory on this host; empty: unpack packages/
    Digests inputs;                    // package or file -> digest
    Digests programs;                  // path in the initramfs -> digest
    Digests module_source;             // file below libexec's module/ -> digest
};

nlohmann::json to_json(const Record& record);
Result<Record> record_from_json(const nlohmann::json& json);

// DIRECTORY/kernel.json
Result<Record> read_record(const std::filesystem::path& directory);
Result<> write_record(const std::filesystem::path& directory, const Record& record);

}  // namespace nap::kernel
