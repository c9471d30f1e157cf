// SPDX-License-Identifier: GPL-2.0-only
#include "agent/modules/autoload.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "agent/calls/paths.hpp"
#include "agent/check/processes/control_groups.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

// Nothing may change while the userland is dumped, and nobody of it is there who could ask.
bool userland_stands_still() {
    const auto state = read_file(std::string(kCgroup) + "/cgroup.freeze");
    return state && state->starts_with("1");
}

std::string mark() {
    return std::string(kRunDirectory) + "/criu-tries";
}

bool asked_by_criu(char** argv) {
    if (::access(mark().c_str(), F_OK) != 0) return false;
    for (char** argument = argv; *argument != nullptr; ++argument)
        for (const char* tried : {"char-major-10-200", "rtnl-link-", "netdev-"})
            if (std::string_view(*argument).starts_with(tried)) return true;
    return false;
}

// One that CRIU is making is not in its control group yet, and has no files of the machine's.
bool is_the_machines(pid_t host_pid) {
    const auto group = read_file("/proc/" + std::to_string(host_pid) + "/cgroup");
    return group && !outside_of_userland(*group);
}

}  // namespace

LoadsNothing::LoadsNothing() {
    (void)open_file(mark(), O_WRONLY | O_CREAT | O_CLOEXEC);
}

LoadsNothing::~LoadsNothing() {
    ::unlink(mark().c_str());
}

bool called_as_modprobe(const char* program) {
    const std::string_view path = program;
    return path.substr(path.rfind('/') + 1) == "modprobe";
}

int execute_modprobe(char** argv) {
    if (userland_stands_still() || asked_by_criu(argv)) return 1;
    const auto init = find_init();
    if (!init || !is_the_machines(init->host_pid)) return 1;  // a kernel that has no machine yet
    const auto mounts = open_file("/proc/" + std::to_string(init->host_pid) + "/ns/mnt", O_RDONLY);
    if (!mounts || ::setns(mounts->get(), CLONE_NEWNS) != 0) return 1;
    for (const char* program : {"/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe"})
        ::execv(program, argv);
    return 127;
}

}  // namespace nap::agent
