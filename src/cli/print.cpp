// SPDX-License-Identifier: GPL-2.0-only
#include "cli/print.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace nap::cli {

std::string with_commas(std::uint64_t number) {
    auto digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return value == std::floor(value) ? fmt::format("{:.0f} {}", value, kUnits[unit])
                                      : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string time_text(std::int64_t seconds) {
    auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    ::localtime_r(&time, &parts);
    char text[64];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string duration_text(double ms) {
    return ms < 999.5 ? fmt::format("{:.0f} ms", ms) : fmt::format("{:.1f} s", ms / 1000);
}

std::string harmless(std::string_view text) {
    std::string out;
    for (char character : text) {
        auto code = static_cast<unsigned char>(character);
        if (code == '\r') continue;
        if ((code < 0x20 && code != '\n' && code != '\t') || code == 0x7f) {
            out += '^';
            out += static_cast<char>(code ^ 0x40);
        } else {
            out += character;
        }
    }
    return out;
}

std::string one_line(std::string_view text) {
    auto line = harmless(text);
    for (char& character : line)
        if (character == '\n' || character == '\t') character = ' ';
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::string sentence_and_list(std::string_view text) {
    constexpr std::string_view kItem = "\n  ";
    std::string out;
    for (;;) {
        const auto end = text.find(kItem);
        out += one_line(text.substr(0, end));
        if (end == text.npos) return out;
        out += kItem;
        text.remove_prefix(end + kItem.size());
    }
}

std::string accelerator_line(std::string_view machine, std::string_view accelerator,
                             std::string_view reason) {
    return fmt::format("{}: {} ({})", machine,
                       accelerator == "kvm" ? "runs with KVM" : "emulated, without KVM", one_line(reason));
}

void print_problem(std::string_view sentence) {
    std::fflush(stdout);
    std::fputs(("nap: " + sentence_and_list(sentence) + "\n").c_str(), stderr);
}

void print_json(const nlohmann::json& json) {
    std::puts(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

std::string text_at(const nlohmann::json& json, const char* key) {
    if (!json.is_object()) return {};
    auto found = json.find(key);
    return found != json.end() && found->is_string() ? one_line(found->get_ref<const std::string&>()) : "";
}

std::uint64_t number_at(const nlohmann::json& json, const char* key) {
    if (!json.is_object()) return 0;
    auto found = json.find(key);
    if (found == json.end() || !found->is_number()) return 0;
    if (found->is_number_unsigned()) return found->get<std::uint64_t>();
    auto value = found->get<double>();
    return value > 0 && value < 1e18 ? static_cast<std::uint64_t>(std::llround(value)) : 0;
}

}  // namespace nap::cli
