// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/unsettled.hpp"

#include <filesystem>

#include "update/recovery/journal.hpp"

namespace nap::update {

namespace {

bool ends_committed(const std::vector<Record>& journal) {
    return !journal.empty() && journal.back().step == Step::committed;
}

Result<> mark_settled(const RunningMachine& machine, const std::vector<Record>& journal) {
    NAP_TRY(auto last, Journal::resume(machine.paths.journal(), journal));
    return last.reach(Step::settled);
}

}  // namespace

Result<bool> is_unsettled(const machine::MachinePaths& paths) {
    NAP_TRY(auto journal, read_journal(paths.journal()));
    return ends_committed(journal);
}

Result<> settle_last_update(RunningMachine& machine, const TimeLimits& limits) {
    NAP_TRY(auto journal, read_journal(machine.paths.journal()));
    if (!ends_committed(journal)) return {};
    if (auto merged = machine.generation->merge_overlay(limits.merge); !merged)
        return std::unexpected(merged.error().within("finishing the update before"));
    return mark_settled(machine, journal);
}

Result<> settle_without_guest(RunningMachine& machine) {
    NAP_TRY(auto journal, read_journal(machine.paths.journal()));
    if (!ends_committed(journal)) return {};
    NAP_TRY(auto update, transaction_of(journal));
    const auto overlay = machine.paths.overlay(update.newer_number);
    if (std::filesystem::exists(overlay))
        NAP_CHECK(machine::merge_without_guest(overlay, machine.config.disk, machine.disk));
    machine.config.kernel = update.newer_kernel;
    NAP_CHECK(machine::save_config(machine.paths.config(), machine.config));
    return mark_settled(machine, journal);
}

}  // namespace nap::update
