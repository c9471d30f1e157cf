// SPDX-License-Identifier: GPL-2.0-only
// Trees: files and folders sent over a call's data (nap cp; CRIU's images).
//
// Entries follow each other: u32 length of a JSON header, the header
// {"path": relative, "type": "file"|"directory"|"symlink", "mode": octal number, "size": bytes, "mtime": s,
//  "uid": n, "gid": n, "target": for symlinks}, then `size` bytes for a file. After the last: u32 0,
// and the CRC-32 (zlib's) of all bytes before.
// Paths are relative, without "." and "..", empty parts or NUL; a folder comes before what it holds.
// The first entry has path "": the folder itself, or the single file; with its "name", where it has one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
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

// What a root is called: the last component of its path; empty for "/" and for one that ends in "." or "..".
std::string name_of_root(const std::filesystem::path& root);

// Sends `root` (a file or a folder; a symlink there is followed) through `sink`, in pieces of up to 256 KiB.
// Sockets, devices and FIFOs are refused by name; so are files that have no end, but wait for more (kmsg).
Result<> send_tree(const std::filesystem::path& root, const Sink& sink);

// Fed with bytes as they come, makes the tree as `cp -r` would: at `root`, or under its name in `root` if
// that is a folder; a folder without a name is poured into it. Folders are merged, regular files replaced
// (with owner and mode kept); a symlink at `root` itself is followed to a regular file, one below is
// replaced. All else that is there (devices, FIFOs, sockets, what is a folder on one side only) is refused.
// Nothing is followed out of `root` (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS). Modification times are
// kept for files.
//
// Each file is written aside and takes its place whole, when the next entry begins or the tree has ended
// rightly. After an error nothing more is written; what was not finished is gone then, at the latest with the
// receiver.
class TreeReceiver {
  public:
    // `name`: what the root is called, where the sender must not choose it.
    TreeReceiver(std::filesystem::path root, TreeLimits limits = {},
                 std::optional<std::string> name = std::nullopt);
    ~TreeReceiver();
    Result<> feed(std::span<const std::byte> bytes);
    [[nodiscard]] bool complete() const;  // its end has come, and the checksum is right
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] std::string path() const;  // where the entry that came last goes, for errors

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nap::channel
