// SPDX-License-Identifier: GPL-2.0-only
// Trees: files and folders sent over a call's data (nap cp; CRIU's images).
//
// Entries follow each other: u32 length of a JSON header, the header
// {"path": relative, "type": "file"|"directory"|"symlink", "mode": octal number, "size": bytes, "mtime": s,
//  "uid": n, "gid": n, "target": for symlinks}, then `size` bytes for a file. After the last: u32 0.
// Paths are relative, without "..", empty parts or NUL; the first entry of a single file has path "".
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/error.hpp"

namespace nap::channel {

struct TreeLimits {
    std::uint64_t entries = 1'000'000;
    std::uint64_t bytes = 1ULL << 40;
};

using Sink = std::function<Result<>(std::span<const std::byte>)>;

// Sends `root` (a file or a folder) through `sink`. Sockets, devices and FIFOs are refused by name.
Result<> send_tree(const std::filesystem::path& root, const Sink& sink);

// Fed with bytes as they come, writes under `root`; existing files are replaced. Nothing is followed out of
// `root` (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS). A single file (path "") is written to `root` itself.
class TreeReceiver {
  public:
    TreeReceiver(std::filesystem::path root, TreeLimits limits = {});
    ~TreeReceiver();
    Result<> feed(std::span<const std::byte> bytes);
    [[nodiscard]] bool complete() const;  // the closing 0 has come
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nap::channel
