// SPDX-License-Identifier: GPL-2.0-only
// Expressions of nf_tables rules and sets: what of a dumped one the kernel does not take back, made so that
// it does. Pure.
#pragma once

#include <map>

#include "agent/network/message.hpp"

namespace nap::agent {

// Chains without a name of their own (`jump { ... }`), by the one the kernel gave them.
using NamelessChains = std::map<std::string, std::uint32_t>;

// A list of NFTA_LIST_ELEM, each an expression.
Body amended_expressions(std::string_view list, const NamelessChains& chains);
// One: NFTA_EXPR_NAME, NFTA_EXPR_DATA.
Body amended_expression(std::string_view expression, const NamelessChains& chains);
// The data of a quota, as expression and as object: whether it is used up follows from its numbers.
Body amended_quota(std::string_view data);

// NFTA_RULE_COMPAT, which the kernel does not list: the protocol that a rule is about, without which it
// refuses most of xtables' matches. Nothing where the rule has none of xtables'.
std::optional<Body> compatibility_of(std::string_view expressions);

}  // namespace nap::agent
