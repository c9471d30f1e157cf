// SPDX-License-Identifier: GPL-2.0-only
#include "agent/modules/autoload.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"

namespace nap::agent {

bool called_as_modprobe(const char* program) {
    const std::string_view path = program;
    return path.substr(path.rfind('/') + 1) == "modprobe";
}

int execute_modprobe(char** argv) {
    const auto init = find_init();
    if (!init) return 1;  // a kernel that has no machine yet
    const auto mounts = open_file("/proc/" + std::to_string(init->host_pid) + "/ns/mnt", O_RDONLY);
    if (!mounts || ::setns(mounts->get(), CLONE_NEWNS) != 0) return 1;
    for (const char* program : {"/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe"})
        ::execv(program, argv);
    return 127;
}

}  // namespace nap::agent
