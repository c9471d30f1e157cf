// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/modules.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <set>
#include <string>

#include "agent/modules/loaded.hpp"

namespace nap::agent {

using channel::Json;

Result<Json> capture_modules(Agent&, const Task&) {
    Json names = Json::array();
    for (const auto& module : loaded_modules()) names.push_back(module.name);
    return names;
}

Result<> make_sure_of_modules(Agent& agent, const Json& captured, Warnings&) {
    std::set<std::string> wanted;
    for (const Json& name : captured) wanted.insert(name.get<std::string>());
    for (const auto& name : wanted)
        if (::access(("/sys/module/" + name).c_str(), F_OK) != 0)
            return fail(ErrorKind::busy, "the kernel module " + name +
                                             " was loaded while the update was under way; the next try takes "
                                             "it along");
    for (const auto& name : agent.modules_brought)
        if (!wanted.contains(name))
            ::syscall(SYS_delete_module, name.c_str(), O_NONBLOCK);  // where nobody uses it
    return {};
}

}  // namespace nap::agent
