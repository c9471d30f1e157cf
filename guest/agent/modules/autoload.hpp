// SPDX-License-Identifier: GPL-2.0-only
// Autoload: what the kernel calls as /sbin/modprobe when it misses a module. The machine's own modprobe is
// executed, with the machine's files: its modules and /etc/modprobe.d are meant.
#pragma once

namespace nap::agent {

// While it lasts nothing is loaded for /dev/net/tun and new links, which CRIU tries out: the machine's kernel
// is to have no module that nobody there has asked for.
class LoadsNothing {
  public:
    LoadsNothing();
    ~LoadsNothing();
    LoadsNothing(const LoadsNothing&) = delete;
    LoadsNothing& operator=(const LoadsNothing&) = delete;
};

bool called_as_modprobe(const char* program);

// The calling process is a single thread. Returns the exit status where none could be executed.
int execute_modprobe(char** argv);

}  // namespace nap::agent
