// SPDX-License-Identifier: GPL-2.0-only
// Another process that reads the accounts: no money is made or lost, no entry of the journal is missing.
#include "database.hpp"
#include "guest/harness.hpp"
#include "worker.hpp"

namespace soak {
namespace {

class Audit : public Worker {
  public:
    void set_up() override {
        database_ = std::make_unique<Database>(guest::disk_path(kDatabaseKind) + "/accounts.db");
    }

    void round() override {
        database_->run("BEGIN");  // one view of all tables
        const auto sum = database_->number("SELECT sum(balance) FROM accounts");
        guest::require(sum == kAccounts * kBalance, "the balances' sum is ", sum, ", not ",
                       kAccounts * kBalance);
        const auto last = database_->number("SELECT ifnull(max(entry), 0) FROM journal");
        guest::require(last >= last_, "the journal ended with ", last_, " and now ends with ", last);
        last_ = last;
        const auto missing =
            database_->number("SELECT ifnull(max(entry) - min(entry) + 1, 0) - count(*) FROM journal");
        guest::require(missing == 0, missing, " entries are missing from the journal");
        const auto whole = database_->text("PRAGMA integrity_check");
        guest::require(whole == "ok", "the database is damaged: ", whole);
        database_->run("COMMIT");
        ++audits_;
    }

    [[nodiscard]] std::uint64_t done() const override { return audits_; }

  private:
    std::unique_ptr<Database> database_;
    std::int64_t last_ = 0;
    std::uint64_t audits_ = 0;
};

}  // namespace

std::unique_ptr<Worker> make_audit() {
    return std::make_unique<Audit>();
}

}  // namespace soak
