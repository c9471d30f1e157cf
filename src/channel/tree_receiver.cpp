// SPDX-License-Identifier: GPL-2.0-only
// Receiving a tree from a peer that is not trusted: the bytes' state machine, and the safe making of entries.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <optional>

#include "base/fd.hpp"
#include "channel/frame.hpp"
#include "channel/tree.hpp"
#include "channel/tree_entry.hpp"

namespace nap::channel {

namespace {

// A folder below `root`; no symlink is followed, `..` does not get out.
Result<UniqueFd> open_beneath(int root, const std::string& path) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    UniqueFd fd(
        static_cast<int>(::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
    if (!fd) return fail_errno("cannot open the folder " + path);
    return fd;
}

std::string parent_of(const std::string& path) {
    auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

struct TreeReceiver::State {
    std::filesystem::path root;
    TreeLimits limits;
    enum class At { length, header, content, checksum, closed } at = At::length;
    std::string pending;  // of the length, the header or the checksum
    uLong checksum = 0;   // of what came before the sender's
    std::uint32_t header_length = 0;
    std::uint64_t entries = 0, bytes = 0;
    TreeEntry entry;
    std::uint64_t left = 0;  // of the content
    UniqueFd root_fd, file;
    bool single = false;  // nothing may follow the first entry
    std::optional<Error> failed;

    Result<> feed(std::span<const std::byte> bytes_in) {
        while (!bytes_in.empty()) {
            std::size_t used = 0;
            const bool counts = at != At::checksum;
            switch (at) {
                case At::length:
                    used = gather(bytes_in, 4);
                    if (pending.size() == 4) NAP_CHECK(take_length());
                    break;
                case At::header:
                    used = gather(bytes_in, header_length);
                    if (pending.size() == header_length) NAP_CHECK(take_header());
                    break;
                case At::content:
                    used = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes_in.size()));
                    NAP_CHECK(take_content(bytes_in.first(used)));
                    break;
                case At::checksum:
                    used = gather(bytes_in, 4);
                    if (pending.size() == 4) NAP_CHECK(compare_checksum());
                    break;
                case At::closed:
                    return fail(ErrorKind::protocol, "bytes after the end of a tree");
            }
            if (counts) add_to_checksum(bytes_in.first(used));
            bytes_in = bytes_in.subspan(used);
        }
        return {};
    }

    std::size_t gather(std::span<const std::byte> bytes_in, std::size_t wanted) {
        auto count = std::min(bytes_in.size(), wanted - pending.size());
        pending.append(reinterpret_cast<const char*>(bytes_in.data()), count);
        return count;
    }

    Result<> take_length() {
        header_length = decode_u32(as_bytes(std::exchange(pending, {})).first<4>());
        if (header_length > kMaxEntryHeader)
            return fail(ErrorKind::protocol, "an entry's header in a tree is too long");
        at = header_length == 0 ? At::checksum : At::header;
        return {};
    }

    void add_to_checksum(std::span<const std::byte> counted) {
        checksum = ::crc32_z(checksum, reinterpret_cast<const Bytef*>(counted.data()), counted.size());
    }

    Result<> compare_checksum() {
        if (decode_u32(as_bytes(std::exchange(pending, {})).first<4>()) != checksum)
            return fail(ErrorKind::protocol,
                        "a tree whose checksum is wrong: bytes were changed on their way");
        at = At::closed;
        return {};
    }

    Result<> take_header() {
        NAP_TRY(entry, decode_entry(std::exchange(pending, {})));
        if (single || ++entries > limits.entries)
            return fail(ErrorKind::protocol, "a tree of too many entries");
        if (entry.type == TreeEntry::Type::symlink && !limits.symlinks)
            return fail(ErrorKind::protocol, "a tree with a symlink, " + printable(entry.path));
        if (entry.size > limits.bytes - bytes) return fail(ErrorKind::protocol, "a tree of too many bytes");
        if (entry.path.empty() && entries > 1) return fail(ErrorKind::protocol, "a tree with two roots");
        auto made = entry.path.empty() ? make_root() : make_below();
        if (!made)
            return std::unexpected(made.error().within(
                "cannot receive " + (entry.path.empty() ? root : root / entry.path).string()));
        left = entry.size;
        if (left == 0) return finish_entry();
        at = At::content;
        return {};
    }

    Result<> take_content(std::span<const std::byte> content) {
        NAP_CHECK(write_all(file.get(), content));
        left -= content.size();
        bytes += content.size();
        return left == 0 ? finish_entry() : Result<>{};
    }

    Result<> finish_entry() {
        at = At::length;
        if (!file) return {};
        timespec times[2] = {{0, UTIME_OMIT}, {entry.mtime, 0}};
        ::futimens(file.get(), times);
        file.reset();
        return {};
    }

    // The root's own place is the caller's choice: symlinks on the way to it are followed.
    Result<> make_root() {
        if (entry.type == TreeEntry::Type::directory) return open_root(entry.mode);
        if (entry.type == TreeEntry::Type::symlink)
            return fail(ErrorKind::protocol, "a tree's root is no symlink");
        single = true;
        std::error_code error;
        auto path = root;
        if (std::filesystem::is_directory(root, error)) {
            if (entry.name.empty()) return fail(ErrorKind::refused, "it is a folder");
            path /= entry.name;
        }
        if (!path.has_filename()) return fail(ErrorKind::not_found, "there is no such folder");
        auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
        NAP_TRY(UniqueFd directory, open_file(parent, O_PATH | O_DIRECTORY));
        return make(directory.get(), path.filename().string());
    }

    Result<> open_root(std::uint32_t mode) {
        auto path = root.has_filename() ? root : root.parent_path();
        if (::mkdir(path.c_str(), mode & 0777) != 0 && errno != EEXIST) return fail_errno("cannot make it");
        NAP_TRY(root_fd, open_file(path, O_PATH | O_DIRECTORY));
        return {};
    }

    Result<> make_below() {
        if (!root_fd) NAP_CHECK(open_root(0777));
        NAP_TRY(UniqueFd parent, open_beneath(root_fd.get(), parent_of(entry.path)));
        return make(parent.get(), last_of(entry.path));
    }

    Result<> make(int parent, const std::string& name) {
        switch (entry.type) {
            case TreeEntry::Type::directory:
                return make_directory(parent, name);
            case TreeEntry::Type::symlink:
                NAP_CHECK(make_way(parent, name));
                if (::symlinkat(entry.target.c_str(), parent, name.c_str()) != 0)
                    return fail_errno("cannot make the symlink");
                if (limits.owners)
                    (void)!::fchownat(parent, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW);
                return {};
            case TreeEntry::Type::file:
                break;
        }
        NAP_CHECK(make_way(parent, name));
        file.reset(
            ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file) return fail_errno("cannot make the file");
        return set_rights(file.get());
    }

    Result<> make_directory(int parent, const std::string& name) {
        bool made = ::mkdirat(parent, name.c_str(), 0700) == 0;
        if (!made && errno != EEXIST) return fail_errno("cannot make the folder");
        UniqueFd directory(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!directory) return fail_errno("cannot open the folder");
        return made ? set_rights(directory.get()) : Result<>{};
    }

    // What was there goes, a folder does not.
    Result<> make_way(int parent, const std::string& name) {
        if (::unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT)
            return fail_errno("cannot replace it");
        return {};
    }

    // Owner first: chown clears the bits that chmod sets.
    Result<> set_rights(int fd) {
        bool privileged = ::geteuid() == 0;
        if (limits.owners && privileged && ::fchown(fd, entry.uid, entry.gid) != 0)
            return fail_errno("cannot set its owner");
        auto mode = entry.mode & (limits.owners ? 07777 : 0777);
        // Its content must still get in
        if (!privileged && entry.type == TreeEntry::Type::directory) mode |= 0700;
        if (::fchmod(fd, mode) != 0) return fail_errno("cannot set its mode");
        return {};
    }
};

TreeReceiver::TreeReceiver(std::filesystem::path root, TreeLimits limits)
    : state_(std::make_unique<State>()) {
    state_->root = std::move(root);
    state_->limits = limits;
}

TreeReceiver::~TreeReceiver() = default;

Result<> TreeReceiver::feed(std::span<const std::byte> bytes) {
    if (state_->failed) return std::unexpected(*state_->failed);
    auto taken = state_->feed(bytes);
    if (!taken) {
        state_->failed = taken.error();
        state_->file.reset();
    }
    return taken;
}

bool TreeReceiver::complete() const {
    return state_->at == State::At::closed && !state_->failed;
}

std::uint64_t TreeReceiver::bytes() const {
    return state_->bytes;
}

}  // namespace nap::channel
