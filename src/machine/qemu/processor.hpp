// SPDX-License-Identifier: GPL-2.0-only
// What a generation's processors can do, as CPUID tells those who run on them.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "machine/qemu/qmp.hpp"

namespace nap::machine {

// "7.0.EBX" (leaf, subleaf where it has some, register) -> its bits.
using Features = std::map<std::string, std::uint64_t>;

// Of the first processor; the others are the same.
Result<Features> features_of(Qmp& qmp);

// Pure. From QEMU's property feature-words.
Result<Features> features_from(const nlohmann::json& words);
// What differs first, for a person. What is hidden from a machine's programs (virtual machines) does not
// count: an older Nap did not hide it.
std::optional<std::string> difference(const Features& older, const Features& newer);

}  // namespace nap::machine
