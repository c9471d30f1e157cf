// SPDX-License-Identifier: GPL-2.0-only
// The machine's tap interface. Every generation has a queue of its own on the same multi-queue tap; only one
// queue is attached at a time, so the network sees one port with one MAC throughout, and packets that arrive
// during an update wait in the newer generation's queue.
//
// What the kernel does (drivers/net/tun.c): a detached queue gets no packets but can still send; detaching
// drops what it had not yet read; with no queue attached the interface drops everything, its carrier staying
// up. So the newer's queue is attached before the older's is detached, and the older generation is held
// (Generation::hold_network). The length of the virtio-net header belongs to the interface, not to the queue:
// all generations must use the same, and QEMU sets 10 bytes whenever it starts (see qemu_command.cpp).
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::machine {

class TapQueue {
  public:
    // Opens a queue of `interface` in the named network namespace (empty: ours); creates the interface (not
    // persistent, up) if there is none. An existing one must be a tap with multi_queue; else: usage error
    // that says how to make it. The queue starts attached, which must be the only one (busy), or detached.
    static Result<TapQueue> open(const std::string& interface, const std::string& netns, bool attached);
    // The queue that a running QEMU has as descriptor `number` (after a restart of the supervisor), attached
    // or not.
    static Result<TapQueue> take_from(pid_t pid, int number);

    Result<> attach();  // TUNSETQUEUE; nothing happens if it is
    Result<> detach();
    [[nodiscard]] bool attached() const { return attached_; }
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    TapQueue(UniqueFd fd, bool attached) : fd_(std::move(fd)), attached_(attached) {}
    UniqueFd fd_;
    bool attached_;
};

}  // namespace nap::machine
