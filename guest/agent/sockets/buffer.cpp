// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/buffer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "agent/carried/hexadecimal.hpp"

namespace nap::agent {

namespace {

using channel::Json;

constexpr std::uint32_t kMostHeadroom = 512, kMostBytes = 1 << 20;
constexpr std::uint64_t kMostFragments = 45, kFragmentSize = 16;  // MAX_SKB_FRAGS at most; skb_frag_t
constexpr std::uint16_t kNoHeader = 0xffff;
constexpr int kPageShift = 12, kListDepth = 2;

// A structure's bytes, taken with one read.
class Copy {
  public:
    Copy(const RunningKernel& kernel, std::string_view type, std::string bytes)
        : kernel_(&kernel), type_(type), bytes_(std::move(bytes)) {}
    static Result<Copy> read(const RunningKernel& kernel, std::string_view type, std::uint64_t at) {
        NAP_TRY(const auto size, kernel.fields().size(type));
        NAP_TRY(std::string bytes, kernel.bytes(at, size));
        return Copy(kernel, type, std::move(bytes));
    }
    template <class T>
    [[nodiscard]] Result<T> field(std::string_view name) const {
        NAP_TRY(const auto at, kernel_->fields().offset(type_, name));
        T value{};
        if (at + sizeof value > bytes_.size())
            return fail(ErrorKind::protocol, "a field beyond the end of its structure");
        bytes_.copy(reinterpret_cast<char*>(&value), sizeof value, at);
        return value;
    }

  private:
    const RunningKernel* kernel_;
    std::string_view type_;
    std::string bytes_;
};

// The page struct of a fragment, to where its bytes lie.
Result<std::string> read_fragment(const RunningKernel& kernel, std::string_view fragment) {
    std::uint64_t page = 0;
    std::uint32_t size = 0, offset = 0;
    std::memcpy(&page, fragment.data(), sizeof page);
    std::memcpy(&size, fragment.data() + 8, sizeof size);
    std::memcpy(&offset, fragment.data() + 12, sizeof offset);
    if (size > kMostBytes) return fail(ErrorKind::protocol, "a piece of a socket's buffer is too long");
    NAP_TRY(const auto base_at, kernel.symbol("page_offset_base"));
    NAP_TRY(const auto base, kernel.value<std::uint64_t>(base_at));
    NAP_TRY(const auto map_at, kernel.symbol("vmemmap_base"));
    NAP_TRY(const auto map, kernel.value<std::uint64_t>(map_at));
    NAP_TRY(const auto page_size, kernel.fields().size("page"));
    if (page < map || page_size == 0) return fail(ErrorKind::protocol, "a piece of a buffer is no page");
    return kernel.bytes(base + ((page - map) / page_size << kPageShift) + offset, size);
}

// What does not lie in its first piece.
Result<> append_apart(const RunningKernel& kernel, std::uint64_t shared, int depth, std::string& bytes);

Result<> append_whole(const RunningKernel& kernel, std::uint64_t skb, int depth, std::string& bytes) {
    if (depth > kListDepth) return fail(ErrorKind::protocol, "buffers nest too deep");
    NAP_TRY(const Copy copy, Copy::read(kernel, "sk_buff", skb));
    NAP_TRY(const auto length, copy.field<std::uint32_t>("len"));
    NAP_TRY(const auto apart, copy.field<std::uint32_t>("data_len"));
    NAP_TRY(const auto head, copy.field<std::uint64_t>("head"));
    NAP_TRY(const auto data, copy.field<std::uint64_t>("data"));
    NAP_TRY(const auto end, copy.field<std::uint32_t>("end"));
    if (apart > length || length > kMostBytes)
        return fail(ErrorKind::protocol, "a socket's buffer has impossible lengths");
    NAP_TRY(const std::string first, kernel.bytes(data, length - apart));
    bytes += first;
    return apart == 0 ? Result<>{} : append_apart(kernel, head + end, depth, bytes);
}

Result<> append_apart(const RunningKernel& kernel, std::uint64_t shared, int depth, std::string& bytes) {
    NAP_TRY(const Copy copy, Copy::read(kernel, "skb_shared_info", shared));
    NAP_TRY(const std::uint64_t fragments, copy.field<std::uint8_t>("nr_frags"));
    NAP_TRY(const auto at, kernel.fields().offset("skb_shared_info", "frags"));
    if (fragments > kMostFragments) return fail(ErrorKind::protocol, "a buffer has too many pieces");
    NAP_TRY(const std::string all, kernel.bytes(shared + at, fragments * kFragmentSize));
    for (std::uint64_t i = 0; i < fragments; ++i) {
        NAP_TRY(const std::string piece,
                read_fragment(kernel, std::string_view(all).substr(i * kFragmentSize)));
        bytes += piece;
    }
    NAP_TRY(std::uint64_t next, copy.field<std::uint64_t>("frag_list"));
    for (int i = 0; next != 0 && i < 1024; ++i) {
        NAP_CHECK(append_whole(kernel, next, depth + 1, bytes));
        NAP_TRY(next, kernel.field(next, "sk_buff", "next"));
    }
    return {};
}

// Counted from the data, as the module does.
Result<std::int32_t> header(const Copy& skb, std::string_view name, std::uint32_t data) {
    NAP_TRY(const auto at, skb.field<std::uint16_t>(name));
    return at == kNoHeader ? NAP_NO_HEADER : static_cast<std::int32_t>(at) - static_cast<std::int32_t>(data);
}

Result<> read_notes(const Copy& skb, std::uint32_t data, nap_socket_buffer& about) {
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
    NAP_TRY(const Copy copy, Copy::read(kernel, "skb_shared_info", shared));
    NAP_TRY(about.segment, copy.field<std::uint16_t>("gso_size"));
    NAP_TRY(about.segment_type, copy.field<std::uint32_t>("gso_type"));
    NAP_TRY(about.hardware_timestamp, copy.field<std::int64_t>("hwtstamps"));
    return {};
}

Result<Buffer> read_buffer(const RunningKernel& kernel, std::uint64_t at, const Copy& skb) {
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
    NAP_CHECK(append_whole(kernel, at, 0, buffer.bytes));
    if (buffer.bytes.size() != std::uint64_t{about.headroom} + length)
        return fail(ErrorKind::protocol, "a buffer's pieces are not as long as it");
    about.size = length;
    return buffer;
}

template <class Each>
Result<> for_each(const RunningKernel& kernel, std::uint64_t queue, std::uint32_t length, Each each) {
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(queue));  // `next` lies first in both
    for (std::uint32_t i = 0; i < length && at != queue; ++i) {
        NAP_TRY(const Copy skb, Copy::read(kernel, "sk_buff", at));
        NAP_CHECK(each(at, skb));
        NAP_TRY(at, skb.field<std::uint64_t>("next"));
    }
    return {};
}

}  // namespace

Result<std::vector<Buffer>> read_buffers(const RunningKernel& kernel, std::uint64_t queue,
                                         std::uint32_t length) {
    std::vector<Buffer> buffers;
    NAP_CHECK(for_each(kernel, queue, length, [&](std::uint64_t at, const Copy& skb) -> Result<> {
        NAP_TRY(Buffer buffer, read_buffer(kernel, at, skb));
        buffers.push_back(std::move(buffer));
        return {};
    }));
    return buffers;
}

Json to_json(const Buffer& buffer) {
    nap_socket_buffer about = buffer.about;
    about.fd = -1, about.data = 0;
    const std::string_view bytes(reinterpret_cast<const char*>(&about), sizeof about);
    return {{"about", to_hexadecimal(bytes)}, {"bytes", to_hexadecimal(buffer.bytes)}};
}

Result<Buffer> buffer_from_json(const Json& told) {
    Buffer buffer;
    NAP_TRY(const std::string about, from_hexadecimal(told.at("about").get<std::string>()));
    NAP_TRY(buffer.bytes, from_hexadecimal(told.at("bytes").get<std::string>()));
    if (about.size() != sizeof buffer.about)
        return fail(ErrorKind::unsupported, "another Nap has told of what waits at sockets");
    std::memcpy(&buffer.about, about.data(), sizeof buffer.about);
    if (buffer.bytes.size() != std::uint64_t{buffer.about.headroom} + buffer.about.size)
        return fail(ErrorKind::protocol, "a buffer is not as long as it says");
    return buffer;
}

}  // namespace nap::agent
