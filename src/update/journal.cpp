// SPDX-License-Identifier: GPL-2.0-only
#include "update/journal.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>
#include <zlib.h>

namespace nap::update {

namespace {

using Json = nlohmann::json;

std::uint32_t checksum(std::string_view text) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

}  // namespace

std::string encode(const Record& record) {
    Json line = {{"step", to_string(record.step)}, {"facts", record.facts}};
    std::string text = line.dump(-1, ' ', true, Json::error_handler_t::replace);
    return fmt::format("{:08x} {}\n", checksum(text), text);
}

std::vector<Record> decode(std::string_view bytes) {
    std::vector<Record> records;
    while (true) {
        auto end = bytes.find('\n');
        if (end == std::string_view::npos || end < 10 || bytes[8] != ' ') return records;
        std::string_view text = bytes.substr(9, end - 9);
        if (fmt::format("{:08x}", checksum(text)) != bytes.substr(0, 8)) return records;
        Json line = Json::parse(text, nullptr, false);
        if (!line.is_object() || !line.contains("step") || !line["step"].is_string()) return records;
        auto step = step_from(line["step"].get<std::string>());
        if (!step) return records;
        bool in_order = records.empty() ? *step == Step::begun : may_follow(records.back().step, *step);
        if (!in_order) return records;
        records.push_back({*step, line.value("facts", Json::object())});
        bytes.remove_prefix(end + 1);
    }
}

Result<Journal> Journal::begin(const std::filesystem::path& path, const Json& facts) {
    return resume(path, {{Step::begun, facts}});
}

Result<Journal> Journal::resume(const std::filesystem::path& path, const std::vector<Record>& records) {
    std::string text;
    for (const auto& record : records) text += encode(record);
    NAP_CHECK(replace_file(path, text));
    NAP_TRY(UniqueFd fd, open_file(path, O_WRONLY | O_APPEND));
    return Journal(std::move(fd), records.back().step);
}

Result<> Journal::reach(Step step, const Json& facts) {
    if (!may_follow(step_, step))
        return fail(ErrorKind::internal,
                    fmt::format("the journal cannot go from {} to {}", to_string(step_), to_string(step)));
    if (auto written = write_all(fd_.get(), encode({step, facts})); !written)
        return std::unexpected(written.error().within("cannot write the journal"));
    if (::fdatasync(fd_.get()) != 0) return fail_errno("cannot sync the journal");
    step_ = step;
    return {};
}

Result<std::vector<Record>> read_journal(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) return std::vector<Record>{};
    NAP_TRY(std::string bytes, read_file(path, 1 << 20));
    return decode(bytes);
}

}  // namespace nap::update
