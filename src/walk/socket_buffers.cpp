// SPDX-License-Identifier: GPL-2.0-only
#include "walk/socket_buffers.hpp"

#include <algorithm>

namespace nap::walk {

namespace {

constexpr std::size_t kMostBuffers = 1 << 20;
constexpr int kListDepth = 1;                           // buffers whose further pieces are buffers
constexpr std::uint8_t kFin = 1;                        // TCPHDR_FIN
constexpr std::uint64_t kPieces = 17, kPieceSize = 16;  // MAX_SKB_FRAGS, by default; of skb_frag_t

std::unexpected<Error> malformed(const char* why) {
    return fail(ErrorKind::protocol, std::string("Reading a socket's queue failed: ") + why + ".");
}

}  // namespace

Result<> SocketBuffers::collect_list(std::uint64_t head, Buffers& buffers) {
    for (auto at = reader_.pointer(head + layout_.buffer_next); at != head && at != 0;
         at = reader_.pointer(at + layout_.buffer_next)) {
        if (buffers.size() == kMostBuffers) return malformed("it has no end");
        buffers.push_back(at);
    }
    return reader_.check("a socket's queue");
}

// In order: the kernel's red-black trees are some dozens of levels deep at most.
Result<> SocketBuffers::collect_tree(std::uint64_t root, Buffers& buffers) {
    constexpr std::size_t kDeepest = 64;
    Buffers above;
    for (auto at = reader_.pointer(root); at != 0 || !above.empty();) {
        if (at != 0) {
            if (above.size() == kDeepest) return malformed("its tree is too deep");
            above.push_back(at);
            at = reader_.pointer(at + layout_.tree_left);
            continue;
        }
        const auto node = above.back();
        above.pop_back();
        if (buffers.size() == kMostBuffers) return malformed("it has no end");
        buffers.push_back(node - layout_.buffer_tree);
        at = reader_.pointer(node + layout_.tree_right);
    }
    return reader_.check("a socket's queue");
}

Result<Queued> SocketBuffers::received(std::uint64_t sock, std::uint32_t from) {
    Buffers buffers;
    NAP_CHECK(collect_list(sock + layout_.sock_receive_queue, buffers));
    return join(buffers, from);
}

Result<Queued> SocketBuffers::unacknowledged(std::uint64_t sock, std::uint32_t from) {
    Buffers buffers;
    NAP_CHECK(collect_tree(sock + layout_.sock_sent_queue, buffers));
    NAP_CHECK(collect_list(sock + layout_.sock_write_queue, buffers));
    return join(buffers, from);
}

Result<Queued> SocketBuffers::join(const Buffers& buffers, std::uint32_t from) {
    Queued queued;
    std::vector<std::byte> bytes;
    for (const auto buffer : buffers) {
        const auto control = buffer + layout_.buffer_control;
        const auto sequence = reader_.word(control + layout_.control_sequence);
        queued.ended = queued.ended || (reader_.byte(control + layout_.control_flags) & kFin) != 0;
        bytes.clear();
        NAP_CHECK(append(buffer, bytes, 0));
        // What lies before was acknowledged, or read, already
        const auto passed = static_cast<std::uint32_t>(from + queued.bytes.size()) - sequence;
        if (static_cast<std::int32_t>(passed) < 0 && !bytes.empty())
            return malformed("bytes are missing between its buffers");
        if (passed < bytes.size())
            queued.bytes.insert(queued.bytes.end(), bytes.begin() + passed, bytes.end());
    }
    return queued;
}

Result<> SocketBuffers::append(std::uint64_t buffer, std::vector<std::byte>& bytes, int depth) {
    const auto length = reader_.word(buffer + layout_.buffer_length),
               apart = reader_.word(buffer + layout_.buffer_data_length);
    const auto head = reader_.pointer(buffer + layout_.buffer_head),
               data = reader_.pointer(buffer + layout_.buffer_data);
    const auto before = bytes.size();
    NAP_CHECK(reader_.check("a socket's buffer"));
    if (apart > length) return malformed("a buffer's lengths contradict each other");
    if (length > apart)
        NAP_CHECK(append_bytes(reader_.memory().find(reader_.memory().physical({data}), length - apart),
                               length - apart, bytes));
    if (apart != 0) {
        const auto shared = head + reader_.word(buffer + layout_.buffer_end);
        const std::uint64_t pieces = reader_.byte(shared + layout_.shared_count);
        if (pieces > kPieces) return malformed("a buffer has too many pieces");
        for (std::uint64_t i = 0; i < pieces; ++i)
            NAP_CHECK(append_piece(shared + layout_.shared_pieces + i * kPieceSize, bytes));
        std::size_t count = 0;
        for (auto next = reader_.pointer(shared + layout_.shared_list); next != 0;
             next = reader_.pointer(next + layout_.buffer_next)) {
            if (depth == kListDepth || ++count == kMostBuffers) return malformed("its buffers nest too deep");
            NAP_CHECK(append(next, bytes, depth + 1));
        }
    }
    NAP_CHECK(reader_.check("a socket's buffer"));
    if (bytes.size() - before != length) return malformed("a buffer's pieces are not as long as it");
    return {};
}

// skb_frag_t: the struct page, the length, the offset, which may lie in a later page of a compound one.
Result<> SocketBuffers::append_piece(std::uint64_t piece, std::vector<std::byte>& bytes) {
    const auto page = reader_.pointer(piece);
    const std::uint64_t size = reader_.word(piece + 8), offset = reader_.word(piece + 12);
    const auto structs = reader_.memory().page_structs().value;
    if (page < structs || (page - structs) % page_struct_size_ != 0)
        return malformed("a buffer's piece is no page");
    const GuestPhysical at{((page - structs) / page_struct_size_ << kPageShift) + offset};
    if (const auto* in_kernel = reader_.memory().find(at, size)) return append_bytes(in_kernel, size, bytes);
    const auto first = user_.first.address().value;  // the page cache's, sent from there
    if (at.value >= first && size <= user_memory_.size() && at.value - first <= user_memory_.size() - size)
        return append_bytes(user_memory_.data() + (at.value - first), size, bytes);
    return malformed("a buffer's piece lies outside of memory");
}

Result<> SocketBuffers::append_bytes(const std::byte* from, std::uint64_t size,
                                     std::vector<std::byte>& bytes) {
    if (from == nullptr) return malformed("a buffer lies outside of kernel memory");
    if (size > bytes_left_)
        return fail(ErrorKind::resources,
                    "What lies in the queues of connections without a process is more than 256 MiB.");
    bytes_left_ -= size;
    bytes.insert(bytes.end(), from, from + size);
    return {};
}

}  // namespace nap::walk
