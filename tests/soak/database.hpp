// SPDX-License-Identifier: GPL-2.0-only
// A connection to an SQLite database; every error is a Failure that names the statement.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

struct sqlite3;

namespace soak {

class Database {
  public:
    explicit Database(const std::string& path);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    void run(const std::string& sql, std::initializer_list<std::int64_t> values = {});
    // The only value of the only row.
    [[nodiscard]] std::int64_t number(const std::string& sql);
    [[nodiscard]] std::string text(const std::string& sql);

  private:
    sqlite3* handle_ = nullptr;
};

// Where accounts and audit meet: a database in write-ahead mode, whose index the processes share as a mapped
// file.
inline constexpr const char* kDatabaseKind = "soak-database";
inline constexpr std::int64_t kAccounts = 100, kBalance = 1000;

}  // namespace soak
