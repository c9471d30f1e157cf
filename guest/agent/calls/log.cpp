// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/log.hpp"

#include <string>

#include "base/fd.hpp"

namespace nap::agent {

void log(std::string_view line) {
    std::string text = "nap-agent: ";
    text += line;
    text += '\n';
    (void)write_all(2, text);  // nobody to tell when the console does not take it
}

}  // namespace nap::agent
