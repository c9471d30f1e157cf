// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/clock.hpp"

#include "agent/machine/clock_discipline.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> capture(Agent&, const Task&) {
    return read_discipline();
}

// In force at once, for whatever time passes; and for `resume`, which sets the time.
Result<> put_before(Agent&, const Json& captured, Warnings& warnings) {
    if (auto set = set_discipline(captured); !set)
        warnings.push_back("the discipline of the machine's clock is lost: " + set.error().message);
    return keep_discipline(captured);
}

}  // namespace

const Part kClock{"clock", capture, put_before, nullptr};

}  // namespace nap::agent
