// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/buffers.hpp"

namespace nap::agent {

namespace {

constexpr std::size_t kMostBuffers = 65'536;
constexpr std::uint64_t kPage = 4096, kMostPieces = 64, kMostBytes = 64 << 20;

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

Result<> append_pieces(const RunningKernel& kernel, std::uint64_t shared, std::string& bytes) {
    NAP_TRY(const auto count, kernel.field<std::uint8_t>(shared, "skb_shared_info", "nr_frags"));
    NAP_TRY(const std::uint64_t first, kernel.fields().offset("skb_shared_info", "frags"));
    if (count > kMostPieces) return fail(ErrorKind::protocol, "a socket's bytes lie in too many pages");
    for (std::uint64_t i = 0; i < count; ++i) {
        NAP_TRY(const auto piece, kernel.value<Piece>(shared + first + i * sizeof(Piece)));
        if (piece.size > kMostBytes) return fail(ErrorKind::protocol, "a page of too many bytes");
        NAP_TRY(const std::uint64_t at, address_of(kernel, piece.page));
        NAP_TRY(const std::string some, kernel.bytes(at + piece.offset, piece.size));
        bytes += some;
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

Result<std::string> read_buffer(const RunningKernel& kernel, std::uint64_t buffer) {
    NAP_TRY(const auto size, kernel.field<std::uint32_t>(buffer, "sk_buff", "len"));
    NAP_TRY(const auto apart, kernel.field<std::uint32_t>(buffer, "sk_buff", "data_len"));
    NAP_TRY(const std::uint64_t data, kernel.field(buffer, "sk_buff", "data"));
    if (apart > size || size > kMostBytes)
        return fail(ErrorKind::protocol, "the lengths of what waits at a socket contradict each other");
    NAP_TRY(std::string bytes, kernel.bytes(data, size - apart));
    if (apart != 0) {
        NAP_TRY(const std::uint64_t head, kernel.field(buffer, "sk_buff", "head"));
        NAP_TRY(const auto end, kernel.field<std::uint32_t>(buffer, "sk_buff", "end"));
        NAP_CHECK(append_pieces(kernel, head + end, bytes));
    }
    if (bytes.size() != size)
        return fail(ErrorKind::protocol, "what waits at a socket is shorter than the kernel says");
    return bytes;
}

}  // namespace nap::agent
