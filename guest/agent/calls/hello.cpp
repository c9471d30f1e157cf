// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/hello.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

Result<Json> hello(Agent&, const Json&, Call&) {
    utsname names{};
    if (::uname(&names) != 0) return fail_errno("cannot read the kernel's name");
    NAP_TRY(std::string boot_id, read_file("/proc/sys/kernel/random/boot_id"));
    while (!boot_id.empty() && boot_id.back() == '\n') boot_id.pop_back();
    return Json{{"protocol", 1},
                {"kernel", names.release},
                {"boot_id", boot_id},
                {"cpus", ::sysconf(_SC_NPROCESSORS_ONLN)}};
}

}  // namespace nap::agent
