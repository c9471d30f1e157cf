// SPDX-License-Identifier: GPL-2.0-only
// What a console says of its kernel's end. Pure; the text is a guest's.
#pragma once

#include <string>
#include <string_view>

namespace nap::machine {

// What a terminal would show of `text`: its control sequences are gone whole, of its control characters
// newlines are left.
std::string without_control_sequences(std::string_view text);

// The line that names why the kernel ended: that of its panic; else the last that is not empty. At most 400
// bytes; empty where the console says nothing.
std::string last_words(std::string_view console);
bool is_panic(std::string_view words);

}  // namespace nap::machine
