// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/settings.hpp"

#include <sstream>

#include "base/fd.hpp"

namespace nap::agent {

std::string value_in_force(std::string_view content) {
    if (const auto open = content.find('['); open != std::string_view::npos) {
        const auto close = content.find(']', open);
        if (close != std::string_view::npos) return std::string(content.substr(open + 1, close - open - 1));
    }
    while (!content.empty() && (content.back() == '\n' || content.back() == ' ')) content.remove_suffix(1);
    return std::string(content);
}

Result<std::map<std::string, std::string>> Settings::before() const {
    std::map<std::string, std::string> values;
    auto content = read_file(kept_);
    if (!content && content.error().kind == ErrorKind::not_found) return values;
    if (!content) return std::unexpected(content.error());
    std::istringstream lines(*content);
    for (std::string line; std::getline(lines, line);)
        if (const auto space = line.find(' '); space != std::string::npos)
            values[line.substr(0, space)] = line.substr(space + 1);
    return values;
}

Result<> Settings::set(const std::string& path, std::string_view value) {
    const std::lock_guard lock(mutex_);
    auto content = read_file(path);
    if (!content && content.error().kind == ErrorKind::not_found) return {};
    if (!content) return std::unexpected(content.error());
    NAP_TRY(auto values, before());
    if (values.try_emplace(path, value_in_force(*content)).second) {
        std::string lines;
        for (const auto& [name, was] : values) lines += name + " " + was + "\n";
        std::error_code ignored;
        std::filesystem::create_directories(kept_.parent_path(), ignored);
        NAP_CHECK(replace_file(kept_, lines));
    }
    return write_file(path, value);
}

Result<> Settings::restore() {
    const std::lock_guard lock(mutex_);
    NAP_TRY(const auto values, before());
    Result<> outcome;
    for (const auto& [path, value] : values)
        if (auto written = write_file(path, value); !written) outcome = written;
    std::error_code ignored;
    std::filesystem::remove(kept_, ignored);
    return outcome;
}

}  // namespace nap::agent
