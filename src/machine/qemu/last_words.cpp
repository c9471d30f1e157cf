// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/last_words.hpp"

#include "base/text.hpp"

namespace nap::machine {

namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kPanic = "Kernel panic - not syncing";
constexpr std::size_t kMost = 400;

bool within(char character, char first, char last) {
    return character >= first && character <= last;
}

// The bytes of the control sequence that `text` begins with (ECMA-48), its escape among them.
std::size_t sequence_length(std::string_view text) {
    std::size_t at = 1;
    if (at < text.size() && text[at] == ']') {  // an operating system command: up to BEL or ESC \.
        while (++at < text.size() && text[at] != '\a' && text[at] != kEscape && text[at] != '\n') {
        }
        if (at < text.size() && text[at] == kEscape) ++at;
        return at < text.size() && text[at] != '\n' ? at + 1 : at;
    }
    const bool parameters = at < text.size() && text[at] == '[';
    if (parameters) ++at;
    while (at < text.size() && within(text[at], ' ', parameters ? '?' : '/')) ++at;
    const bool ends = at < text.size() && within(text[at], '0', '~');
    return ends ? at + 1 : at;
}

}  // namespace

std::string without_control_sequences(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const char character = text.front();
        const auto code = static_cast<unsigned char>(character);
        if (character == '\n' || (code >= 0x20 && code != 0x7f)) shown += character;
        text.remove_prefix(character == kEscape ? sequence_length(text) : 1);
    }
    return shown;
}

bool is_panic(std::string_view words) {
    return words.starts_with(kPanic);
}

std::string last_words(std::string_view console) {
    const std::string shown = without_control_sequences(console);
    std::string_view last;
    for (std::string_view rest = shown; !rest.empty();) {
        const auto line = take_until(rest, '\n');
        if (const auto panic = line.find(kPanic); panic != line.npos)
            return std::string(line.substr(panic, kMost));
        if (line.find_first_not_of(' ') != line.npos) last = line;
    }
    return std::string(last.substr(0, kMost));
}

}  // namespace nap::machine
