// SPDX-License-Identifier: GPL-2.0-only
// Putting settings in force in a newer kernel. One may limit another, or change it: all are looked at again
// until every one is as it should be.
#pragma once

#include "agent/kernel_settings/baseline.hpp"
#include "agent/kernel_settings/rules.hpp"

namespace nap::agent {

// How settings are read and written; for tests, another kernel than ours.
struct Access {
    std::function<Values(const std::vector<std::string>&)> read;
    std::function<Result<>(const std::string& path, const std::string& value)> write;
};
Access kernel_access();

// Gives each setting of `wanted` that there is its value. Returns, by path, why those that are not as wanted
// could not be set.
std::map<std::string, std::string> put_values(const Values& wanted, const Access& access);

// Every setting as it must be before the processes are recreated: what the machine has `set`, else what this
// kernel had, but for limits, which are out of the way.
Values wanted_before_tasks(const Baseline& baseline, const Values& set);
// And once they are there: what the machine has set and was not put in force before.
Values wanted_after_tasks(const Baseline& baseline, const Values& set);

}  // namespace nap::agent
