// SPDX-License-Identifier: GPL-2.0-only
// Serve: the agent's side of the link over the virtio-serial port, for as long as the kernel runs.
#pragma once

namespace nap::agent {

// Whenever the host goes away everything keeps running, and the agent waits for it to come back.
[[noreturn]] void serve();

}  // namespace nap::agent
