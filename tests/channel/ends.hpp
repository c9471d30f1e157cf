// SPDX-License-Identifier: GPL-2.0-only
// Both ends of a link, and what the answering end of these tests can do.
#pragma once

#include <memory>

#include "base/fd.hpp"
#include "channel/link.hpp"

namespace nap::channel::test {

struct Pair {
    UniqueFd one, other;
};

Pair sockets();

Result<Json> answer(const std::string& method, const Json& params, Call& call);

}  // namespace nap::channel::test
