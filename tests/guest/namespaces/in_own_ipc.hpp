// SPDX-License-Identifier: GPL-2.0-only
// A state in an IPC namespace of its own: its ids are those of states in the machine's.
#pragma once

#include <sched.h>

#include "harness.hpp"

namespace guest {

template <class Kind>
class InOwnIpc : public Kind {
  public:
    using Kind::Kind;
    void set_up() override {
        check(unshare(CLONE_NEWIPC), "unshare");
        Kind::set_up();
    }
};

}  // namespace guest
