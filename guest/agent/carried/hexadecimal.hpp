// SPDX-License-Identifier: GPL-2.0-only
// Bytes as hexadecimal digits, for a person.
#pragma once

#include <string>
#include <string_view>

namespace nap::agent {

std::string to_hexadecimal(std::string_view bytes);

}  // namespace nap::agent
