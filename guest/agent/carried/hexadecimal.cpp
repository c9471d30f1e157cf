// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/hexadecimal.hpp"

#include <charconv>

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

Result<std::string> from_hexadecimal(std::string_view digits) {
    if (digits.size() % 2 != 0) return fail(ErrorKind::protocol, "an odd number of hexadecimal digits");
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        unsigned char value = 0;
        const auto [end, error] = std::from_chars(digits.data() + at, digits.data() + at + 2, value, 16);
        if (error != std::errc{} || end != digits.data() + at + 2)
            return fail(ErrorKind::protocol, "what should be hexadecimal digits are none");
        bytes += static_cast<char>(value);
    }
    return bytes;
}

}  // namespace nap::agent
