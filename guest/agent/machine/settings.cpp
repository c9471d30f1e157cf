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

Result<Settings::Changes> Settings::changes() const {
    Changes changes;
    auto content = read_file(kept_);
    if (!content && content.error().kind == ErrorKind::not_found) return changes;
    if (!content) return std::unexpected(content.error());
    std::istringstream lines(*content);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string path;
        Change change;
        if (words >> path >> change.to && words.get() == ' ') {
            std::getline(words, change.before);
            changes[path] = change;
        }
    }
    return changes;
}

Result<> Settings::keep(const Changes& changes) const {
    std::string lines;
    for (const auto& [path, change] : changes) lines += path + " " + change.to + " " + change.before + "\n";
    std::error_code ignored;
    std::filesystem::create_directories(kept_.parent_path(), ignored);
    return replace_file(kept_, lines);
}

Result<> Settings::set(const std::string& path, std::string_view value) {
    const std::lock_guard lock(mutex_);
    auto content = read_file(path);
    if (!content && content.error().kind == ErrorKind::not_found) return {};
    if (!content) return std::unexpected(content.error());
    NAP_TRY(auto changed, changes());
    auto& change = changed.try_emplace(path, Change{"", value_in_force(*content)}).first->second;
    change.to = value;
    NAP_CHECK(keep(changed));  // before it is written: whoever comes after a crash restores too much rather
    NAP_CHECK(write_file(path, value));
    NAP_TRY(const std::string now, read_file(path));
    change.to = value_in_force(now);
    return change.to == value ? Result<>() : keep(changed);
}

Result<> Settings::restore() {
    const std::lock_guard lock(mutex_);
    NAP_TRY(const auto changed, changes());
    Result<> outcome;
    for (const auto& [path, change] : changed) {
        auto now = read_file(path);
        if (now && value_in_force(*now) != change.to) continue;
        if (auto written = write_file(path, change.before); !written) outcome = written;
    }
    std::error_code ignored;
    std::filesystem::remove(kept_, ignored);
    return outcome;
}

Result<> Settings::undo_in(std::map<std::string, std::string>& values) const {
    const std::lock_guard lock(mutex_);
    NAP_TRY(const auto changed, changes());
    for (const auto& [path, change] : changed)
        if (const auto found = values.find(path); found != values.end() && found->second == change.to)
            found->second = change.before;
    return {};
}

Result<std::vector<std::string>> Settings::changed() const {
    const std::lock_guard lock(mutex_);
    NAP_TRY(const auto all, changes());
    std::vector<std::string> paths;
    for (const auto& [path, change] : all) paths.push_back(path);
    return paths;
}

Result<> Settings::restore_to(const std::string& path, const std::string& value) {
    const std::lock_guard lock(mutex_);
    NAP_TRY(auto all, changes());
    const auto found = all.find(path);
    if (found == all.end()) return fail(ErrorKind::internal, path + " was not changed");
    found->second.before = value;
    return keep(all);
}

}  // namespace nap::agent
