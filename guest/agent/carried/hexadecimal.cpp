// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/hexadecimal.hpp"

namespace nap::agent {

std::string to_hexadecimal(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string digits;
    digits.reserve(2 * bytes.size());
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        digits += kDigits[value >> 4];
        digits += kDigits[value & 0xf];
    }
    return digits;
}

}  // namespace nap::agent
