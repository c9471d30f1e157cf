// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/buffers.hpp"

#include "agent/kernel_memory/struct_copy.hpp"

namespace nap::agent {

namespace {

constexpr std::size_t kMostBuffers = 65'536;
constexpr std::uint64_t kPage = 4096, kMostPieces = 45;  // MAX_SKB_FRAGS at most
constexpr int kListDepth = 2, kLongestList = 1024;

struct Piece {  // skb_frag_t: the page, which may be the first of several
    std::uint64_t page;
    std::uint32_t size, offset;
};

// Where the kernel sees a page's bytes.
Result<std::uint64_t> address_of(const RunningKernel& kernel, std::uint64_t page) {
    NAP_TRY(const std::uint64_t structs_at, kernel.symbol("vmemmap_base"));
    NAP_TRY(const std::uint64_t memory_at, kernel.symbol("page_offset_base"));
    NAP_TRY(const auto structs, kernel.value<std::uint64_t>(structs_at));
    NAP_TRY(const auto memory, kernel.value<std::uint64_t>(memory_at));
    NAP_TRY(const std::uint64_t size, kernel.fields().size("page"));
    if (page < structs || (page - structs) % size != 0)
        return fail(ErrorKind::protocol, "a socket's bytes lie in no page");
    return memory + (page - structs) / size * kPage;
}

Result<> append_pieces(const RunningKernel& kernel, std::uint64_t first, std::uint64_t count,
                       std::uint64_t most, std::string& bytes) {
    if (count > kMostPieces) return fail(ErrorKind::protocol, "a socket's bytes lie in too many pages");
    for (std::uint64_t i = 0; i < count; ++i) {
        NAP_TRY(const auto piece, kernel.value<Piece>(first + i * sizeof(Piece)));
        if (piece.size > most) return fail(ErrorKind::protocol, "a page of too many bytes");
        NAP_TRY(const std::uint64_t at, address_of(kernel, piece.page));
        NAP_TRY(const std::string some, kernel.bytes(at + piece.offset, piece.size));
        bytes += some;
    }
    return {};
}

Result<> append_apart(const RunningKernel& kernel, std::uint64_t shared, std::uint64_t most, int depth,
                      std::string& bytes);

Result<> append(const RunningKernel& kernel, std::uint64_t buffer, std::uint64_t most, int depth,
                std::string& bytes) {
    if (depth > kListDepth) return fail(ErrorKind::protocol, "a socket's buffers nest too deep");
    NAP_TRY(const StructCopy skb, StructCopy::read(kernel, "sk_buff", buffer));
    NAP_TRY(const auto size, skb.field<std::uint32_t>("len"));
    NAP_TRY(const auto apart, skb.field<std::uint32_t>("data_len"));
    NAP_TRY(const auto data, skb.field<std::uint64_t>("data"));
    if (apart > size || size > most)
        return fail(ErrorKind::protocol, "the lengths of what waits at a socket contradict each other");
    const std::size_t before = bytes.size();
    NAP_TRY(const std::string first, kernel.bytes(data, size - apart));
    bytes += first;
    if (apart != 0) {
        NAP_TRY(const auto head, skb.field<std::uint64_t>("head"));
        NAP_TRY(const auto end, skb.field<std::uint32_t>("end"));
        NAP_CHECK(append_apart(kernel, head + end, most, depth, bytes));
    }
    if (bytes.size() - before != size)
        return fail(ErrorKind::protocol, "what waits at a socket is not as long as the kernel says");
    return {};
}

// What does not lie in its first piece.
Result<> append_apart(const RunningKernel& kernel, std::uint64_t shared, std::uint64_t most, int depth,
                      std::string& bytes) {
    NAP_TRY(const StructCopy copy, StructCopy::read(kernel, "skb_shared_info", shared));
    NAP_TRY(const auto count, copy.field<std::uint8_t>("nr_frags"));
    NAP_TRY(const std::uint64_t pieces, kernel.fields().offset("skb_shared_info", "frags"));
    NAP_CHECK(append_pieces(kernel, shared + pieces, count, most, bytes));
    NAP_TRY(std::uint64_t next, copy.field<std::uint64_t>("frag_list"));
    for (int i = 0; next != 0 && i < kLongestList; ++i) {
        NAP_CHECK(append(kernel, next, most, depth + 1, bytes));
        NAP_TRY(next, kernel.field(next, "sk_buff", "next"));
    }
    return {};
}

}  // namespace

Result<std::vector<std::uint64_t>> read_queue(const RunningKernel& kernel, std::uint64_t sock) {
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("sock", "sk_receive_queue"));
    NAP_TRY(const std::uint64_t next, kernel.fields().offset("sk_buff", "next"));
    const std::uint64_t head = sock + within;
    std::vector<std::uint64_t> buffers;
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(head + next));
    while (at != head && at != 0) {
        if (buffers.size() == kMostBuffers) return fail(ErrorKind::protocol, "a socket's queue has no end");
        buffers.push_back(at);
        NAP_TRY(at, kernel.value<std::uint64_t>(at + next));
    }
    return buffers;
}

Result<std::string> read_buffer(const RunningKernel& kernel, std::uint64_t buffer, std::uint64_t most) {
    std::string bytes;
    NAP_CHECK(append(kernel, buffer, most, 0, bytes));
    return bytes;
}

}  // namespace nap::agent
