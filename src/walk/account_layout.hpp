// SPDX-License-Identifier: GPL-2.0-only
// Where a kernel build keeps what tasks' accounts are made of (guest/module/nap_account.h). A field that a
// kernel does not have has no place; its word says so.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "base/error.hpp"
#include "guest/module/nap_account.h"

namespace nap::walk {

class Btf;

using Place = std::optional<std::uint32_t>;  // offset in its structure, bytes

// The way from a task to its threads, to the structures that belong to it, and to its clocks.
struct AccountPaths {
    Place thread_head, thread_node, io_context, mempolicy, sighand, autogroup, nsproxy, time_ns, monotonic,
        boottime;
    bool operator==(const AccountPaths&) const = default;
};

struct AccountLayout {
    AccountPaths paths;
    std::array<Place, NAP_THREAD_WORDS> thread;
    std::array<Place, NAP_PROCESS_WORDS> process;
    bool operator==(const AccountLayout&) const = default;
};

AccountLayout read_account_layout(const Btf& types);
nlohmann::json to_json(const AccountLayout& layout);
// Refuses (protocol) members that are none of these, and offsets no kernel has.
Result<AccountLayout> account_layout_from_json(const nlohmann::json& json);

}  // namespace nap::walk
