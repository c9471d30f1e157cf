// SPDX-License-Identifier: GPL-2.0-only
// In flight: what lies in the kernel's queues at this instant and cannot be carried, but is gone the next.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.hpp"

namespace nap::agent {

// Whether unix listeners have connections that were not accepted, in the machine's network namespace.
Result<bool> unix_connections_wait();

// One phrase for each kind that is there now, in the machine's network namespace, which is that of
// `host_pid`; empty: nothing.
Result<std::string> find_in_flight(pid_t host_pid);

}  // namespace nap::agent
