// SPDX-License-Identifier: GPL-2.0-only
#include "agent/settings.hpp"

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

Result<> Settings::set(const std::string& path, std::string_view value) {
    const std::lock_guard lock(mutex_);
    auto content = read_file(path);
    if (!content && content.error().kind == ErrorKind::not_found) return {};
    if (!content) return std::unexpected(content.error());
    NAP_CHECK(write_file(path, value));
    before_.try_emplace(path, value_in_force(*content));
    return {};
}

Result<> Settings::restore() {
    const std::lock_guard lock(mutex_);
    Result<> outcome;
    for (const auto& [path, value] : before_)
        if (auto written = write_file(path, value); !written) outcome = written;
    before_.clear();
    return outcome;
}

}  // namespace nap::agent
