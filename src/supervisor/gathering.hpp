// SPDX-License-Identifier: GPL-2.0-only
// Gathering: while a machine runs, the blocks of 2 MiB of its user memory that have become full come to lie
// on 2 MiB pages of the host, a few at a time. KVM then maps them as such.
#pragma once

#include <cstdint>
#include <vector>

#include "update/running_machine.hpp"

namespace nap::supervisor {

class Gathering {
  public:
    // Now and then, while no update is under way: where the file of user memory has grown, some blocks more.
    void go_on(const update::RunningMachine& machine);

  private:
    int generation_ = 0;        // after an update all begins anew: memory was given back
    std::uint64_t in_use_ = 0;  // bytes of the file, when all of its full blocks had been tried
    std::vector<bool> tried_;   // by block
};

}  // namespace nap::supervisor
