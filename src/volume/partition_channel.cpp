// SPDX-License-Identifier: GPL-2.0-only
#include "volume/partition_channel.hpp"

#include <charconv>
#include <cstring>
#include <memory>

namespace nap::volume {

namespace {

constexpr int kSmallestBlock = 1024;

errcode_t open_channel(const char* name, int flags, io_channel* out) {
    if ((flags & IO_FLAG_RW) != 0) return EXT2_ET_RO_FILSYS;
    std::uintptr_t address = 0;
    std::from_chars(name, name + std::strlen(name), address, 16);
    auto channel = std::make_unique<struct_io_channel>();
    *channel = {};
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->manager = partition_manager();
    channel->name = ::strdup(name);
    channel->block_size = kSmallestBlock;
    channel->refcount = 1;
    channel->private_data = reinterpret_cast<void*>(address);
    *out = channel.release();
    return 0;
}

errcode_t close_channel(io_channel channel) {
    if (--channel->refcount > 0) return 0;
    ::free(channel->name);
    delete channel;
    return 0;
}

errcode_t set_block_size(io_channel channel, int size) {
    channel->block_size = size;
    return 0;
}

errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* data) {
    auto& from = *static_cast<PartitionOfImage*>(channel->private_data);
    // A negative count is one of bytes
    const auto block_size = static_cast<std::uint64_t>(channel->block_size);
    const std::uint64_t bytes = count < 0 ? static_cast<std::uint64_t>(-static_cast<std::int64_t>(count))
                                          : static_cast<std::uint64_t>(count) * block_size;
    if (block > from.size / block_size || bytes > from.size - block * block_size) return EXT2_ET_SHORT_READ;
    const auto done = from.image.read(from.offset + block * block_size,
                                      {static_cast<std::byte*>(data), static_cast<std::size_t>(bytes)});
    return done ? 0 : EXT2_ET_SHORT_READ;
}

errcode_t read_blocks_32(io_channel channel, unsigned long block, int count, void* data) {
    return read_blocks(channel, block, count, data);
}

errcode_t write_blocks(io_channel, unsigned long long, int, const void*) {
    return EXT2_ET_RO_FILSYS;
}

errcode_t write_blocks_32(io_channel, unsigned long, int, const void*) {
    return EXT2_ET_RO_FILSYS;
}

errcode_t flush(io_channel) {
    return 0;
}

struct_io_manager manager() {
    struct_io_manager made{};
    made.magic = EXT2_ET_MAGIC_IO_MANAGER;
    made.name = "partition of an image";
    made.open = open_channel;
    made.close = close_channel;
    made.set_blksize = set_block_size;
    made.read_blk = read_blocks_32;
    made.write_blk = write_blocks_32;
    made.flush = flush;
    made.read_blk64 = read_blocks;
    made.write_blk64 = write_blocks;
    return made;
}

}  // namespace

io_manager partition_manager() {
    static struct_io_manager the_manager = manager();
    return &the_manager;
}

std::string channel_name(const PartitionOfImage& partition) {
    char digits[2 * sizeof(std::uintptr_t)];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, reinterpret_cast<std::uintptr_t>(&partition), 16);
    return {digits, end.ptr};
}

}  // namespace nap::volume
