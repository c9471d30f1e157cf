// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/journal.hpp"

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

Result<Transaction> transaction_of(const std::vector<Record>& journal) {
    Transaction of;
    try {
        const Json& begun = journal.front().facts;
        of.older_number = begun.at("older_number").get<int>();
        of.newer_number = begun.at("newer_number").get<int>();
        of.older_kernel = begun.at("older_kernel").get<std::string>();
        of.newer_kernel = begun.at("newer_kernel").get<std::string>();
        for (const auto& record : journal)
            if (record.facts.contains("machine_time")) {
                const Json& time = record.facts.at("machine_time");
                of.realtime_ns = time.at("realtime_ns").get<std::int64_t>();
                of.host_monotonic_ns = time.at("host_monotonic_ns").get<std::int64_t>();
            }
    } catch (const Json::exception& exception) {
        return fail(ErrorKind::protocol, std::string("the update's journal is damaged: ") + exception.what());
    }
    if (of.newer_number != of.older_number + 1)
        return fail(ErrorKind::protocol,
                    "the update's journal is damaged: its generations do not follow each other");
    return of;
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

Result<> forget_journal(const std::filesystem::path& path) {
    NAP_TRY(auto records, read_journal(path));
    if (!records.empty() && !is_final(records.back().step))
        return fail(ErrorKind::internal, path.string() + " is the journal of an update that is not finished");
    return remove_file(path);
}

Result<std::vector<Record>> read_journal(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) return std::vector<Record>{};
    NAP_TRY(std::string bytes, read_file(path, 1 << 20));
    return decode(bytes);
}

}  // namespace nap::update
