// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/record.hpp"

#include <nlohmann/json.hpp>

#include "base/fd.hpp"

namespace nap::kernel {

namespace {
constexpr int kFormat = 2;
constexpr std::string_view kName = "kernel.json";
}  // namespace

nlohmann::json to_json(const Record& record) {
    return {{"format", kFormat},
            {"version", record.version},
            {"source", record.source},
            {"layout", walk::to_json(record.layout)},
            {"socket_layout", walk::to_json(record.socket_layout)},
            {"features", record.features},
            {"modules", record.modules},
            {"headers", record.headers},
            {"inputs", record.inputs},
            {"programs", record.programs},
            {"module_source", record.module_source}};
}

Result<Record> record_from_json(const nlohmann::json& json) try {
    if (json.at("format").get<int>() != kFormat)
        return fail(ErrorKind::protocol, "it was written by another version of Nap");
    NAP_TRY(auto layout, walk::layout_from_json(json.at("layout")));
    NAP_TRY(auto sockets, walk::socket_layout_from_json(json.at("socket_layout")));
    return Record{.version = json.at("version"),
                  .source = json.at("source"),
                  .layout = layout,
                  .socket_layout = sockets,
                  .features = json.at("features"),
                  .modules = json.at("modules"),
                  .headers = json.at("headers"),
                  .inputs = json.at("inputs"),
                  .programs = json.at("programs"),
                  .module_source = json.at("module_source")};
} catch (const nlohmann::json::exception& problem) {
    return fail(ErrorKind::protocol, problem.what());
}

Result<Record> read_record(const std::filesystem::path& directory) {
    const auto file = directory / kName;
    const std::string name = directory.filename();
    auto text = read_file(file);
    if (!text && text.error().kind == ErrorKind::permission) return std::unexpected(text.error());
    auto record = text ? record_from_json(nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false))
                       : Result<Record>(std::unexpected(text.error()));
    if (!record)
        return fail(ErrorKind::protocol, "kernel " + name + " is damaged (" + file.string() +
                                             "): " + record.error().message +
                                             "; add it again, or `nap kernel rm " + name + "`");
    return record;
}

Result<> write_record(const std::filesystem::path& directory, const Record& record) {
    return replace_file(directory / kName, to_json(record).dump(2) + '\n', 0644);
}

}  // namespace nap::kernel
