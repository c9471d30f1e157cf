// SPDX-License-Identifier: GPL-2.0-only
// Trees: files and folders sent over a call's data (nap cp; CRIU's images).
//
// Entries follow each other: u32 length of a JSON header, the header
// {"path": relative, "type": "file"|"directory"|"symlink", "mode": octal number, "size": bytes, "mtime": s,
//  "uid": n, "gid": n, "target": for symlinks}, then `size` bytes for a file. After the last: u32 0,
// and the CRC-32 (zlib's) of all bytes before.
// Paths are relative, without "." and "..", empty parts or NUL; a folder comes before what it holds.
// The first entry has path "": the folder itself, or the single file, then with its "name" too.
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
    // Owners and the setuid, setgid, sticky bits as sent, where we may set them; else everything is ours and
    // those bits are off. For a receiver that trusts the sender (the agent).
    bool owners = false;
    bool symlinks = true;  // false: a tree with one is refused; what reads it may then follow its paths
};

using Sink = std::function<Result<>(std::span<const std::byte>)>;

// Sends `root` (a file or a folder; a symlink there is followed) through `sink`, in pieces of up to 256 KiB.
// Sockets, devices and FIFOs are refused by name.
Result<> send_tree(const std::filesystem::path& root, const Sink& sink);

// Fed with bytes as they come, writes under `root`; existing files are replaced, folders merged. Nothing is
// followed out of `root` (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS). A single file is written to `root`
// itself, or under its name into `root` if that is a folder. Modification times are kept for files. After an
// error nothing more is written.
class TreeReceiver {
  public:
    TreeReceiver(std::filesystem::path root, TreeLimits limits = {});
    ~TreeReceiver();
    Result<> feed(std::span<const std::byte> bytes);
    [[nodiscard]] bool complete() const;  // its end has come, and the checksum is right
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nap::channel
