// SPDX-License-Identifier: GPL-2.0-only
// Socket buffers: the bytes that lie in a TCP connection's queues (include/linux/skbuff.h,
// include/net/tcp.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "walk/reader.hpp"
#include "walk/socket_layout.hpp"

namespace nap::walk {

struct Queued {
    std::vector<std::byte> bytes;
    bool ended = false;  // a FIN lies behind them
};

class SocketBuffers {
  public:
    // `page_structs` are `page_struct_size` bytes apart. `user_memory`: U, whose first frame is `user.first`.
    SocketBuffers(Reader& reader, const SocketLayout& layout, std::uint64_t page_struct_size,
                  std::span<const std::byte> user_memory, FrameRange user)
        : reader_(reader),
          layout_(layout),
          page_struct_size_(page_struct_size),
          user_memory_(user_memory),
          user_(user) {}

    // From sequence number `from` on, gapless. The queues' own order is that of their sequence numbers.
    Result<Queued> received(std::uint64_t sock, std::uint32_t from);
    Result<Queued> unacknowledged(std::uint64_t sock, std::uint32_t from);

  private:
    using Buffers = std::vector<std::uint64_t>;
    Result<> collect_list(std::uint64_t head, Buffers& buffers);
    Result<> collect_tree(std::uint64_t root, Buffers& buffers);
    Result<Queued> join(const Buffers& buffers, std::uint32_t from);
    Result<> append(std::uint64_t buffer, std::vector<std::byte>& bytes, int depth);
    Result<> append_piece(std::uint64_t piece, std::vector<std::byte>& bytes);
    Result<> append_bytes(const std::byte* from, std::uint64_t size, std::vector<std::byte>& bytes);

    Reader& reader_;
    const SocketLayout& layout_;
    std::uint64_t page_struct_size_;
    std::span<const std::byte> user_memory_;
    FrameRange user_;
    std::uint64_t bytes_left_ = 256 * kMiB;  // of all queues together
};

}  // namespace nap::walk
