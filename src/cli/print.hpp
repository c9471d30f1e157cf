// SPDX-License-Identifier: GPL-2.0-only
// Printing: numbers, sizes, problems, and text that came from a guest.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace nap::cli {

std::string with_commas(std::uint64_t number);  // 66,123
std::string size_text(std::uint64_t bytes);     // 512 MiB, 1.5 GiB, 17 bytes
std::string time_text(std::int64_t seconds);    // local time, 2024-05-01 12:00:00
std::string duration_text(double ms);           // 750 ms, 11.6 s

// A terminal must not obey what a guest wrote: control characters but newline and tab become ^X.
std::string harmless(std::string_view text);
std::string one_line(std::string_view text);  // harmless, newlines as spaces

// As one_line, but lists stay: newlines with two spaces behind them.
std::string sentence_and_list(std::string_view text);

// "web1: emulated, without KVM (/dev/kvm is ...)"
std::string accelerator_line(std::string_view machine, std::string_view accelerator, std::string_view reason);

void print_problem(std::string_view sentence);  // on standard error, after what was printed before
void print_json(const nlohmann::json& json);    // indented, on standard output
// As `nlohmann::json::value`, but a value of another type is the default too.
std::string text_at(const nlohmann::json& json, const char* key);
std::uint64_t number_at(const nlohmann::json& json, const char* key);  // numbers are rounded

}  // namespace nap::cli
