// SPDX-License-Identifier: GPL-2.0-only
// The texts of /proc, field by field.
#include <sstream>
#include <vector>

#include "snapshot.hpp"

namespace compare {

namespace {

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
    return line;
}

// Of a file system without a disk the number is given as it comes.
bool numbered(const std::string& device) {
    return device.starts_with("00:") || device.starts_with("0:");
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t\n");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

}  // namespace

std::string Ordinals::of(const std::string& kind, const std::string& number) {
    auto& seen = seen_[kind];
    return "#" + std::to_string(seen.try_emplace(number, static_cast<int>(seen.size())).first->second);
}

std::string with_ordinal(const std::string& link, Ordinals& ordinals) {
    const auto open = link.rfind(":[");
    if (open == std::string::npos || !link.ends_with(']')) return link;
    const std::string number = link.substr(open + 2, link.size() - open - 3);
    if (number.find_first_not_of("0123456789") != std::string::npos) return link;
    return link.substr(0, open + 1) + ordinals.of(link.substr(0, open), number);
}

std::string area_line(const std::string& line, Ordinals& ordinals) {
    auto words = words_of(line);
    if (words.size() < 5) return line;
    if (numbered(words[3]) && words[4] != "0") {
        words[4] = ordinals.of("inode", words[3] + " " + words[4]);
        words[3] = ordinals.of("device", words[3]);
    }
    return joined(words);
}

std::string mount_line(const std::string& line) {
    auto words = words_of(line);
    if (words.size() < 6) return line;
    words.erase(words.begin(), words.begin() + 2);
    if (numbered(words[0])) words[0] = "0:";
    for (auto& word : words)
        for (const std::string kind : {"shared:", "master:", "propagate_from:"})
            if (word.starts_with(kind)) word = kind;
    return joined(words);
}

void add_fields(Snapshot& snapshot, const std::string& prefix, const std::string& text) {
    std::istringstream lines(text);
    std::map<std::string, int> times;
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        std::string key = trimmed(line.substr(0, colon));
        if (const int again = times[key]++) key += "(" + std::to_string(again) + ")";
        snapshot[prefix + "/" + key] =
            colon == std::string::npos ? "" : joined(words_of(line.substr(colon + 1)));
    }
}

void add_stat(Snapshot& snapshot, const std::string& prefix, const std::string& text) {
    const auto end = text.rfind(')');
    if (end == std::string::npos) return;
    std::istringstream rest(text.substr(end + 1));
    std::string word;
    for (int number = 3; rest >> word; ++number)
        snapshot[prefix + "/" + (number < 10 ? "0" : "") + std::to_string(number)] = word;
}

std::string to_text(const Snapshot& snapshot) {
    std::string text;
    for (const auto& [key, value] : snapshot) {
        text += key + '\t';
        for (const char c : value) {
            if (c == '\n')
                text += "\\n";
            else if (c == '\t')
                text += ' ';
            else if (c == '\0')
                text += "\\0";
            else
                text += c;
        }
        text += '\n';
    }
    return text;
}

Snapshot from_text(std::string_view text) {
    Snapshot snapshot;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto tab = line.find('\t');
        if (tab == std::string_view::npos) continue;
        snapshot[std::string(line.substr(0, tab))] = line.substr(tab + 1);
    }
    return snapshot;
}

}  // namespace compare
