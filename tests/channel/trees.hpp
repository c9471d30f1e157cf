// SPDX-License-Identifier: GPL-2.0-only
// Trees sent and received within one folder, and trees as a hostile peer may write them.
#pragma once

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "channel/json.hpp"
#include "channel/tree.hpp"
#include "tests/channel/forged_tree.hpp"

namespace nap::test {

namespace fs = std::filesystem;
using channel::Json;
using channel::TreeLimits;
using Bytes = std::vector<std::byte>;

class Trees : public testing::Test {
  protected:
    Trees() {
        char name[] = "/tmp/nap-tree-XXXXXX";
        directory = ::mkdtemp(name);
    }
    ~Trees() override { fs::remove_all(directory); }

    static void make_file(const fs::path& path, std::string_view content, unsigned mode = 0640) {
        ASSERT_TRUE(replace_file(path, content, mode)) << path;
    }
    static Bytes sent(const fs::path& root) {
        Bytes bytes;
        auto result = channel::send_tree(root, [&](std::span<const std::byte> piece) -> Result<> {
            bytes.insert(bytes.end(), piece.begin(), piece.end());
            return {};
        });
        EXPECT_TRUE(result) << result.error().message;
        return bytes;
    }
    static Result<> received(const fs::path& root, const Bytes& bytes, std::size_t step = 1 << 20,
                             TreeLimits limits = {}, std::optional<std::string> name = std::nullopt) {
        channel::TreeReceiver receiver(root, limits, std::move(name));
        for (std::size_t at = 0; at < bytes.size(); at += step)
            NAP_CHECK(receiver.feed(std::span(bytes).subspan(at, std::min(step, bytes.size() - at))));
        if (!receiver.complete()) return fail(ErrorKind::protocol, "incomplete");
        return {};
    }
    static struct stat status_of(const fs::path& path) {
        struct stat status {};
        EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
        return status;
    }
    fs::path directory;
};

// Entries as a hostile peer may write them.
inline Bytes forged(std::initializer_list<std::pair<Json, std::string>> entries) {
    std::string text;
    for (auto& [header, content] : entries) text += tree_entry(header, content);
    text = end_tree(std::move(text));
    auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

inline Json file(const std::string& path, std::size_t size = 0) {
    return {{"path", path}, {"type", "file"}, {"mode", 0644}, {"size", size}};
}
inline Json folder(const std::string& path) {
    return {{"path", path}, {"type", "directory"}, {"mode", 0755}};
}
inline Json link(const std::string& path, const std::string& target) {
    return {{"path", path}, {"type", "symlink"}, {"target", target}};
}

}  // namespace nap::test
