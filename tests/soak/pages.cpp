// SPDX-License-Identifier: GPL-2.0-only
#include "pages.hpp"

#include <cstring>

#include "guest/harness.hpp"

namespace soak {

namespace {
std::uint64_t word_of(std::uint64_t number, std::size_t word) {
    return number == 0 ? 0 : number * 0x9e3779b97f4a7c15ULL + word * 0xd1342543de82ef95ULL;
}
}  // namespace

void fill_page(std::span<std::byte> page, std::uint64_t number) {
    for (std::size_t i = 0; i < page.size() / 8; ++i) {
        const auto word = word_of(number, i);
        std::memcpy(page.data() + 8 * i, &word, sizeof word);
    }
}

void require_page(std::span<const std::byte> page, std::uint64_t number, const std::string& what) {
    for (std::size_t i = 0; i < page.size() / 8; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, page.data() + 8 * i, sizeof word);
        guest::require(word == word_of(number, i), what, ", at ", static_cast<const void*>(page.data()),
                       ": word ", i, " is ", std::hex, word, ", not ", word_of(number, i));
    }
}

}  // namespace soak
