// SPDX-License-Identifier: GPL-2.0-only
// Receiving a tree from a peer that is not trusted: the bytes' state machine.
#include <zlib.h>

#include <algorithm>
#include <optional>

#include "base/fd.hpp"
#include "channel/frame.hpp"
#include "channel/tree.hpp"
#include "channel/tree_entry.hpp"
#include "channel/tree_maker.hpp"

namespace nap::channel {

struct TreeReceiver::State {
    State(std::filesystem::path root, TreeLimits of_tree, std::optional<std::string> name)
        : limits(of_tree), maker(std::move(root), of_tree.owners, std::move(name)) {}

    const TreeLimits limits;
    TreeMaker maker;
    enum class At { length, header, content, checksum, closed } at = At::length;
    std::string pending;  // of the length, the header or the checksum
    uLong checksum = 0;   // of what came before the sender's
    std::uint32_t header_length = 0;
    std::uint64_t entries = 0, bytes = 0;
    std::uint64_t left = 0;  // of the content
    bool single = false;     // nothing may follow the first entry
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
        return maker.finish();
    }

    Result<> take_header() {
        NAP_TRY(const TreeEntry entry, decode_entry(std::exchange(pending, {})));
        if (single || ++entries > limits.entries)
            return fail(ErrorKind::protocol, "a tree of too many entries");
        if (entry.type == TreeEntry::Type::symlink && !limits.symlinks)
            return fail(ErrorKind::protocol, "a tree with a symlink, " + printable(entry.path));
        if (entry.size > limits.bytes - bytes)
            return fail(ErrorKind::protocol,
                        "a tree of more than " + std::to_string(limits.bytes) + " bytes");
        if (entry.path.empty() && entries > 1) return fail(ErrorKind::protocol, "a tree with two roots");
        // Not at its last byte: a single file is put in place only once the checksum was found right
        NAP_CHECK(maker.finish());
        NAP_CHECK(maker.make(entry));
        single = entry.path.empty() && entry.type == TreeEntry::Type::file;
        left = entry.size;
        at = left == 0 ? At::length : At::content;
        return {};
    }

    Result<> take_content(std::span<const std::byte> content) {
        NAP_CHECK(maker.write(content));
        left -= content.size();
        bytes += content.size();
        if (left == 0) at = At::length;
        return {};
    }
};

TreeReceiver::TreeReceiver(std::filesystem::path root, TreeLimits limits, std::optional<std::string> name)
    : state_(std::make_unique<State>(std::move(root), limits, std::move(name))) {}

TreeReceiver::~TreeReceiver() = default;

Result<> TreeReceiver::feed(std::span<const std::byte> bytes) {
    if (state_->failed) return std::unexpected(*state_->failed);
    auto taken = state_->feed(bytes);
    if (!taken) {
        state_->failed = taken.error();
        state_->maker.give_up();
    }
    return taken;
}

bool TreeReceiver::complete() const {
    return state_->at == State::At::closed && !state_->failed;
}

std::uint64_t TreeReceiver::bytes() const {
    return state_->bytes;
}

std::string TreeReceiver::path() const {
    return state_->maker.path();
}

}  // namespace nap::channel
