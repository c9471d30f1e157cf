// SPDX-License-Identifier: GPL-2.0-only
// The journal of a machine's update under way: one line a record, "<crc32 in hex> <JSON>\n", appended and
// synced. A successor reads it to roll back or to complete. A torn last line is not a record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "update/recovery/phase.hpp"

namespace nap::update {

struct Record {
    Step step;
    nlohmann::json facts;  // what a successor needs: generations' process ids, files, versions
};

// What a journal says of its update.
struct Transaction {
    int older_number = 0, newer_number = 0;  // of the generations; the newer follows the older
    std::string older_kernel, newer_kernel;
    std::int64_t realtime_ns = 0, host_monotonic_ns = 0;  // the machine's clock, once frozen
};
Result<Transaction> transaction_of(const std::vector<Record>& journal);  // of one record at least

std::string encode(const Record& record);
// The records before the first line that is none. Untrusted bytes.
std::vector<Record> decode(std::string_view bytes);

class Journal {
  public:
    // Begins a new journal (an existing one belongs to a finished update and is replaced).
    static Result<Journal> begin(const std::filesystem::path& path, const nlohmann::json& facts);
    // Continues one that a predecessor left; a torn last line of it is gone afterwards. `records` is not
    // empty.
    static Result<Journal> resume(const std::filesystem::path& path, const std::vector<Record>& records);
    // Durable when it returns. A step out of order is an internal error and writes nothing.
    Result<> reach(Step step, const nlohmann::json& facts = nlohmann::json::object());
    [[nodiscard]] Step step() const { return step_; }

  private:
    Journal(UniqueFd fd, Step step) : fd_(std::move(fd)), step_(step) {}
    UniqueFd fd_;
    Step step_;
};

// Of a machine that is started anew: its generations are counted from 1 again. It must be final.
Result<> forget_journal(const std::filesystem::path& path);

Result<std::vector<Record>> read_journal(const std::filesystem::path& path);  // none there: no records

}  // namespace nap::update
