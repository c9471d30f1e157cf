// SPDX-License-Identifier: GPL-2.0-only
#include "database.hpp"

#include <sqlite3.h>

#include <memory>

#include "guest/harness.hpp"

namespace soak {

namespace {
constexpr int kBusyMs = 120'000;  // an update may lie between another process' lock and its end

using Statement = std::unique_ptr<sqlite3_stmt, decltype([](sqlite3_stmt* s) { sqlite3_finalize(s); })>;

[[noreturn]] void give_up(sqlite3* handle, const std::string& sql) {
    guest::fail("'", sql, "': ", sqlite3_errmsg(handle));
}

Statement prepare(sqlite3* handle, const std::string& sql) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(handle, sql.c_str(), -1, &made, nullptr) != SQLITE_OK) give_up(handle, sql);
    return Statement(made);
}

Statement first_row(sqlite3* handle, const std::string& sql) {
    auto statement = prepare(handle, sql);
    if (sqlite3_step(statement.get()) != SQLITE_ROW) give_up(handle, sql);
    return statement;
}
}  // namespace

Database::Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) give_up(handle_, "open " + path);
    sqlite3_busy_timeout(handle_, kBusyMs);
}

Database::~Database() {
    sqlite3_close(handle_);
}

void Database::run(const std::string& sql, std::initializer_list<std::int64_t> values) {
    const auto statement = prepare(handle_, sql);
    int place = 0;
    for (const auto value : values) sqlite3_bind_int64(statement.get(), ++place, value);
    int result = SQLITE_ROW;
    while (result == SQLITE_ROW) result = sqlite3_step(statement.get());
    if (result != SQLITE_DONE) give_up(handle_, sql);
}

std::int64_t Database::number(const std::string& sql) {
    return sqlite3_column_int64(first_row(handle_, sql).get(), 0);
}

std::string Database::text(const std::string& sql) {
    const auto statement = first_row(handle_, sql);
    return reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
}

}  // namespace soak
