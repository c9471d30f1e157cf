// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/buffer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "agent/carried/part_file.hpp"
#include "agent/kernel_memory/buffers.hpp"
#include "agent/kernel_memory/struct_copy.hpp"

namespace nap::agent {

namespace {

using channel::Json;

constexpr std::uint32_t kMostHeadroom = 512, kMostBytes = 1 << 20;
constexpr std::uint16_t kNoHeader = 0xffff;

// Counted from the data, as the module does.
Result<std::int32_t> header(const StructCopy& skb, std::string_view name, std::uint32_t data) {
    NAP_TRY(const auto at, skb.field<std::uint16_t>(name));
    return at == kNoHeader ? NAP_NO_HEADER : static_cast<std::int32_t>(at) - static_cast<std::int32_t>(data);
}

Result<> read_notes(const StructCopy& skb, std::uint32_t data, nap_socket_buffer& about) {
    NAP_TRY(about.timestamp, skb.field<std::int64_t>("tstamp"));
    NAP_TRY(about.interface, skb.field<std::uint32_t>("skb_iif"));
    NAP_TRY(about.mark, skb.field<std::uint32_t>("mark"));
    NAP_TRY(about.priority, skb.field<std::uint32_t>("priority"));
    NAP_TRY(about.protocol, skb.field<std::uint16_t>("protocol"));
    NAP_TRY(about.vlan_protocol, skb.field<std::uint16_t>("vlan_proto"));
    NAP_TRY(about.vlan, skb.field<std::uint16_t>("vlan_tci"));
    // pkt_type in the lowest three bits, ip_summed in two behind two others
    NAP_TRY(const auto bits, skb.field<std::uint8_t>("__pkt_type_offset"));
    about.packet_type = bits & 7;
    about.checksum = bits >> 5 & 3;
    NAP_TRY(const auto start, skb.field<std::uint16_t>("csum_start"));
    about.checksum_start = static_cast<std::int32_t>(start) - static_cast<std::int32_t>(data);
    NAP_TRY(about.checksum_offset, skb.field<std::uint16_t>("csum_offset"));
    using Control = std::array<std::uint8_t, sizeof about.control>;
    NAP_TRY(const auto control, skb.field<Control>("cb"));
    std::ranges::copy(control, about.control);
    return {};
}

Result<> read_shared_notes(const RunningKernel& kernel, std::uint64_t shared, nap_socket_buffer& about) {
    NAP_TRY(const StructCopy copy, StructCopy::read(kernel, "skb_shared_info", shared));
    NAP_TRY(about.segment, copy.field<std::uint16_t>("gso_size"));
    NAP_TRY(about.segment_type, copy.field<std::uint32_t>("gso_type"));
    NAP_TRY(about.hardware_timestamp, copy.field<std::int64_t>("hwtstamps"));
    return {};
}

Result<Buffer> describe(const RunningKernel& kernel, std::uint64_t at, const StructCopy& skb) {
    Buffer buffer;
    nap_socket_buffer& about = buffer.about;
    NAP_TRY(const auto head, skb.field<std::uint64_t>("head"));
    NAP_TRY(const auto data, skb.field<std::uint64_t>("data"));
    NAP_TRY(const auto end, skb.field<std::uint32_t>("end"));
    NAP_TRY(const auto length, skb.field<std::uint32_t>("len"));
    NAP_TRY(const auto apart, skb.field<std::uint32_t>("data_len"));
    if (data < head || data - head > end || apart > length)
        return fail(ErrorKind::protocol, "a socket's buffer has impossible lengths");
    const auto before = static_cast<std::uint32_t>(data - head);
    NAP_TRY(about.mac, header(skb, "mac_header", before));
    NAP_TRY(about.network, header(skb, "network_header", before));
    NAP_TRY(about.transport, header(skb, "transport_header", before));
    NAP_CHECK(read_notes(skb, before, about));
    NAP_CHECK(read_shared_notes(kernel, head + end, about));
    about.linear = std::min<std::uint32_t>(length - apart, NAP_LINEAR);
    for (const std::int32_t header : {about.mac, about.network, about.transport})
        if (header != NAP_NO_HEADER && -header > static_cast<std::int32_t>(about.headroom))
            about.headroom = static_cast<std::uint32_t>(-header);
    about.headroom = std::min({about.headroom, before, kMostHeadroom});
    NAP_TRY(buffer.bytes, kernel.bytes(data - about.headroom, about.headroom));
    NAP_TRY(const std::string received, read_buffer(kernel, at, kMostBytes));
    buffer.bytes += received;
    about.size = length;
    return buffer;
}

}  // namespace

Result<std::vector<Buffer>> read_buffers(const RunningKernel& kernel, std::uint64_t queue,
                                         std::uint32_t length) {
    std::vector<Buffer> buffers;
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(queue));  // `next` lies first in both
    for (std::uint32_t i = 0; i < length && at != queue; ++i) {
        NAP_TRY(const StructCopy skb, StructCopy::read(kernel, "sk_buff", at));
        NAP_TRY(Buffer buffer, describe(kernel, at, skb));
        buffers.push_back(std::move(buffer));
        NAP_TRY(at, skb.field<std::uint64_t>("next"));
    }
    return buffers;
}

Json to_json(const Buffer& buffer) {
    nap_socket_buffer about = buffer.about;
    about.fd = -1, about.data = 0;
    const std::string_view bytes(reinterpret_cast<const char*>(&about), sizeof about);
    return {{"about", to_binary(bytes)}, {"bytes", to_binary(buffer.bytes)}};
}

Result<Buffer> buffer_from_json(const Json& told) {
    Buffer buffer;
    NAP_TRY(const std::string about, from_binary(told.at("about")));
    NAP_TRY(buffer.bytes, from_binary(told.at("bytes")));
    if (about.size() != sizeof buffer.about)
        return fail(ErrorKind::unsupported, "another Nap has told of what waits at sockets");
    std::memcpy(&buffer.about, about.data(), sizeof buffer.about);
    if (buffer.bytes.size() != std::uint64_t{buffer.about.headroom} + buffer.about.size)
        return fail(ErrorKind::protocol, "a buffer is not as long as it says");
    return buffer;
}

}  // namespace nap::agent
