// SPDX-License-Identifier: GPL-2.0-only
// Namespaces apart: the IPC and user namespaces that processes of the userland have apart from its own, and
// who is in each, from the kernel's memory: one pass over all threads.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

struct ApartMember {
    std::int32_t tid = 0;  // in the userland
    std::int32_t host_tid = 0;
    bool first = false;   // of its process: the tids are pids
    bool memory = false;  // its memory belongs to the same user namespace
};

struct ApartNamespace {
    std::uint64_t address = 0;
    std::vector<ApartMember> members;
};

// One that is the first thread of its process.
Result<ApartMember> process_of(const ApartNamespace& apart);

struct ApartNamespaces {
    std::vector<ApartNamespace> ipc, user;
    // Who is in an IPC, UTS or mount namespace that belongs to another user namespace than the userland's.
    std::vector<ApartMember> in_owned;
};

class ApartSearch {
  public:
    // In the running kernel. The first call takes a while; later ones find it kept.
    static Result<const ApartSearch*> get();
    // `init`: host pid of the userland's.
    [[nodiscard]] Result<ApartNamespaces> run(pid_t init) const;

  private:
    static Result<ApartSearch> load(const RunningKernel& kernel);
    ApartSearch(const RunningKernel& kernel, KernelPass pass) : kernel_(&kernel), pass_(std::move(pass)) {}

    const RunningKernel* kernel_;
    KernelPass pass_;
};

// A user namespace as it is seen from the initial one.
struct SeenUserNamespace {
    std::uint32_t inode = 0;  // of /proc/PID/ns/user
    std::int32_t level = 0;   // 1: just below the initial one
    std::uint32_t owner = 0;
};
Result<SeenUserNamespace> see_user_namespace(const RunningKernel& kernel, std::uint64_t user_namespace);

}  // namespace nap::agent
