// SPDX-License-Identifier: GPL-2.0-only
// Bytes as hexadecimal digits: as JSON carries what is no text.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::agent {

std::string to_hexadecimal(std::string_view bytes);
Result<std::string> from_hexadecimal(std::string_view digits);

}  // namespace nap::agent
