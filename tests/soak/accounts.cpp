// SPDX-License-Identifier: GPL-2.0-only
// Transfers between accounts, each a transaction with an entry in a journal; the newest entries are kept.
#include "database.hpp"
#include "guest/harness.hpp"
#include "random.hpp"
#include "worker.hpp"

namespace soak {
namespace {

class Accounts : public Worker {
  public:
    void set_up() override {
        database_ = std::make_unique<Database>(guest::disk_directory(kDatabaseKind) + "/accounts.db");
        require_write_ahead();
        database_->run("PRAGMA synchronous = NORMAL");
        database_->run("BEGIN");
        database_->run("CREATE TABLE accounts (number INTEGER PRIMARY KEY, balance INTEGER NOT NULL)");
        database_->run(
            "CREATE TABLE journal (entry INTEGER PRIMARY KEY, giver INTEGER, taker INTEGER, amount INTEGER)");
        for (std::int64_t i = 0; i < kAccounts; ++i)
            database_->run("INSERT INTO accounts VALUES (?, ?)", {i, kBalance});
        database_->run("COMMIT");
    }

    void round() override {
        const auto giver = one_of_accounts(), taker = one_of_accounts();
        const auto amount = static_cast<std::int64_t>(random_.below(kBalance));
        ++entry_;
        database_->run("BEGIN IMMEDIATE");
        database_->run("UPDATE accounts SET balance = balance - ? WHERE number = ?", {amount, giver});
        database_->run("UPDATE accounts SET balance = balance + ? WHERE number = ?", {amount, taker});
        database_->run("INSERT INTO journal VALUES (?, ?, ?, ?)", {entry_, giver, taker, amount});
        database_->run("DELETE FROM journal WHERE entry <= ?", {entry_ - kKept});
        database_->run("COMMIT");
        const auto last = database_->number("SELECT max(entry) FROM journal");
        guest::require(last == entry_, "journal entry ", entry_, " was written, the last one is ", last);
    }

    [[nodiscard]] std::uint64_t done() const override { return static_cast<std::uint64_t>(entry_); }

  private:
    static constexpr std::int64_t kKept = 2000;

    void require_write_ahead() {
        const auto mode = database_->text("PRAGMA journal_mode = WAL");
        guest::require(mode == "wal", "the database's journal mode is ", mode);
    }
    std::int64_t one_of_accounts() { return static_cast<std::int64_t>(random_.below(kAccounts)); }

    std::unique_ptr<Database> database_;
    Random random_{1};
    std::int64_t entry_ = 0;
};

}  // namespace

std::unique_ptr<Worker> make_accounts() {
    return std::make_unique<Accounts>();
}

}  // namespace soak
