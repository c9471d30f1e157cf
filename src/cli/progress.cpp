// SPDX-License-Identifier: GPL-2.0-only
#include "cli/progress.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/session/terminal.hpp"

namespace nap::cli {

namespace {
constexpr int kCells = 24;
constexpr auto kClearLine = "\r\033[K";
}  // namespace

std::string bar_text(const std::string& phase, double fraction, const std::string& text,
                     std::size_t columns) {
    fraction = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
    auto filled = static_cast<std::size_t>(fraction * kCells);
    auto line = fmt::format("[{:<{}}] {:>3} % {}", std::string(filled, '#'), kCells,
                            static_cast<int>(fraction * 100), phase);
    if (!text.empty()) line += ": " + text;
    return line.substr(0, columns);
}

Progress::Progress() : bar_(::isatty(STDERR_FILENO)) {}

Progress::~Progress() {
    if (drawn_) std::fputs(kClearLine, stderr);
}

void Progress::show(const std::string& phase, double fraction, const std::string& text) {
    if (bar_) {
        auto columns = terminal_size().at("cols").get<std::size_t>();
        std::fputs(
            (kClearLine + bar_text(phase, fraction, text, std::max<std::size_t>(columns, 2) - 1)).c_str(),
            stderr);
        std::fflush(stderr);
        drawn_ = true;
        return;
    }
    auto line = text.empty() ? phase : phase + ": " + text;
    if (line != last_) std::fputs((line + "\n").c_str(), stderr);
    last_ = line;
}

}  // namespace nap::cli
