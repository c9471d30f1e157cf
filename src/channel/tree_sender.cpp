// SPDX-License-Identifier: GPL-2.0-only
// Sending a tree: walks a folder, small files gathered into large pieces.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/fd.hpp"
#include "channel/frame.hpp"
#include "channel/tree.hpp"
#include "channel/tree_entry.hpp"

namespace nap::channel {

namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kMostUnsized = 64 << 20;

class Sender {
  public:
    explicit Sender(const Sink& sink) : sink_(sink), piece_(kPiece) {}

    Result<> send_root(const std::filesystem::path& root) {
        struct stat status {};
        if (::stat(root.c_str(), &status) != 0) return fail_errno("cannot read " + root.string());
        NAP_CHECK(send_entry(root, "", name_of_root(root), status));
        NAP_CHECK(put(encode_u32(0)));
        NAP_CHECK(flush());
        NAP_CHECK(put(encode_u32(static_cast<std::uint32_t>(checksum_))));
        return flush();
    }

  private:
    Result<> send_entry(const std::string& file, const std::string& path, const std::string& name,
                        const struct stat& status) {
        TreeEntry entry{.path = path,
                        .mode = status.st_mode & 07777,
                        .mtime = status.st_mtime,
                        .uid = status.st_uid,
                        .gid = status.st_gid,
                        .target = {},
                        .name = name};
        switch (status.st_mode & S_IFMT) {
            case S_IFREG:
                return send_file(file, entry, path.empty() ? 0 : O_NOFOLLOW);
            case S_IFDIR:
                entry.type = TreeEntry::Type::directory;
                NAP_CHECK(put_header(entry));
                return send_content(file, path);
            case S_IFLNK: {
                entry.type = TreeEntry::Type::symlink;
                char target[kMaxPath];
                ssize_t length = ::readlink(file.c_str(), target, sizeof target);
                if (length < 0) return fail_errno("cannot read the symlink " + file);
                entry.target.assign(target, static_cast<std::size_t>(length));
                return put_header(entry);
            }
            default:
                return fail(ErrorKind::unsupported,
                            "cannot send " + file + ": it is neither a file nor a folder nor a symlink");
        }
    }

    Result<> send_content(const std::string& folder, const std::string& path) {
        DIR* directory = ::opendir(folder.c_str());
        if (!directory) return fail_errno("cannot read " + folder);
        std::vector<std::string> names;
        while (auto* found = ::readdir(directory))
            if (std::strcmp(found->d_name, ".") != 0 && std::strcmp(found->d_name, "..") != 0)
                names.emplace_back(found->d_name);
        ::closedir(directory);
        std::ranges::sort(names);
        for (const auto& name : names) {
            auto file = folder + "/" + name;
            auto below = path.empty() ? name : path + "/" + name;
            if (!is_safe_path(below))
                return fail(ErrorKind::unsupported, "cannot send " + file + ": too long a path");
            struct stat status {};
            if (::lstat(file.c_str(), &status) != 0) return fail_errno("cannot read " + file);
            NAP_CHECK(send_entry(file, below, "", status));
        }
        return {};
    }

    Result<> send_file(const std::string& file, TreeEntry& entry, int flags) {
        NAP_TRY(UniqueFd fd, open_file(file, O_RDONLY | O_NOCTTY | O_NONBLOCK | flags));
        struct stat status {};
        if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
            return fail(ErrorKind::busy, "cannot send " + file + ": it was replaced meanwhile");
        entry.size = static_cast<std::uint64_t>(status.st_size);
        if (entry.size == 0) return send_unsized(fd.get(), file, entry);
        NAP_CHECK(put_header(entry));
        for (auto left = entry.size; left > 0;) {
            if (filled_ == kPiece) NAP_CHECK(flush());
            auto room = std::min<std::uint64_t>(left, kPiece - filled_);
            NAP_TRY(const auto got, read_some(fd.get(), std::span(piece_).subspan(filled_, room), file));
            if (got == 0)
                return fail(ErrorKind::busy, "cannot send " + file + ": it became shorter meanwhile");
            filled_ += got;
            left -= got;
        }
        return {};
    }

    // Files of /proc and /sys have content, but no size.
    Result<> send_unsized(int fd, const std::string& file, TreeEntry& entry) {
        std::vector<std::byte> content;
        std::size_t length = 0;
        for (std::size_t got = 1; got > 0; length += got) {
            if (length > kMostUnsized)
                return fail(ErrorKind::unsupported,
                            "cannot send " + file + ": it is too long for a file of no size");
            if (content.size() - length < 4096) content.resize(content.size() * 2 + 4096);
            NAP_TRY(got, read_some(fd, std::span(content).subspan(length), file));
        }
        entry.size = length;
        NAP_CHECK(put_header(entry));
        return put(std::span(content).first(length));
    }

    // 0 at its end. The descriptor does not block: kmsg would, for as long as the kernel has nothing to say.
    Result<std::size_t> read_some(int fd, std::span<std::byte> room, const std::string& file) {
        for (;;) {
            const ssize_t got = ::read(fd, room.data(), room.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno == EAGAIN)
                return fail(ErrorKind::unsupported,
                            "cannot send " + file + ": it does not end, it waits for more to come");
            if (errno != EINTR) return fail_errno("cannot read " + file);
        }
    }

    Result<> put_header(const TreeEntry& entry) {
        NAP_TRY(std::string header, encode_entry(entry));
        if (header.size() > kMaxEntryHeader) return fail(ErrorKind::unsupported, "cannot send " + entry.path);
        NAP_CHECK(put(encode_u32(static_cast<std::uint32_t>(header.size()))));
        return put(as_bytes(header));
    }

    Result<> put(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            if (filled_ == kPiece) NAP_CHECK(flush());
            auto count = std::min(bytes.size(), kPiece - filled_);
            std::ranges::copy(bytes.first(count), piece_.begin() + static_cast<std::ptrdiff_t>(filled_));
            filled_ += count;
            bytes = bytes.subspan(count);
        }
        return {};
    }

    Result<> flush() {
        auto piece = std::span<const std::byte>(piece_).first(std::exchange(filled_, 0));
        if (piece.empty()) return {};
        checksum_ = ::crc32_z(checksum_, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
        return sink_(piece);
    }

    const Sink& sink_;
    std::vector<std::byte> piece_;
    std::size_t filled_ = 0;
    uLong checksum_ = 0;  // of what the sink got
};

}  // namespace

Result<> send_tree(const std::filesystem::path& root, const Sink& sink) {
    return Sender(sink).send_root(root);
}

}  // namespace nap::channel
