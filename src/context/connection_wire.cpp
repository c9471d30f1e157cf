// SPDX-License-Identifier: GPL-2.0-only
// The form in which connections without a process travel to the newer kernel's agent.
#include <algorithm>
#include <cstring>
#include <string>

#include "context/connection.hpp"
#include "context/protobuf.hpp"

namespace nap::context {

namespace {

constexpr std::uint32_t kMagic = 0x4370'614e;  // "NapC"
constexpr std::array kMapped = {std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

// Each field but the data, in the order in which they travel.
template <class Of, class Visit>
void each_field(Of& connection, Visit visit) {
    visit(connection.kind), visit(connection.state), visit(connection.six), visit(connection.device);
    visit(connection.local), visit(connection.remote);
    visit(connection.local_port), visit(connection.remote_port);
    visit(connection.mss), visit(connection.scaling), visit(connection.timestamps);
    visit(connection.sack), visit(connection.ecn);
    visit(connection.send_scale), visit(connection.receive_scale);
    visit(connection.peer_timestamp), visit(connection.timestamp);
    visit(connection.receive_initial), visit(connection.send_initial);
    visit(connection.timeouts), visit(connection.acknowledged);
    visit(connection.receive_next), visit(connection.send_unacknowledged), visit(connection.send_next);
    visit(connection.write_next), visit(connection.send_window), visit(connection.send_window_at);
    visit(connection.largest_window), visit(connection.receive_window);
    visit(connection.receive_window_at);
}

void append(std::vector<std::byte>& wire, std::span<const std::byte> bytes) {
    wire.insert(wire.end(), bytes.begin(), bytes.end());
}

template <class T>
void append_value(std::vector<std::byte>& wire, const T& value) {
    append(wire, std::as_bytes(std::span(&value, 1)));
}

// A bool of another value than 0 and 1 is none.
template <class T>
bool take_value(Bytes& bytes, T& value) {
    const auto taken = bytes.take(sizeof value);
    if (!taken) return false;
    if constexpr (std::is_same_v<T, bool>) {
        value = (*taken)[0] != std::byte{0};
    } else {
        std::memcpy(&value, taken->data(), sizeof value);
    }
    return true;
}

std::unexpected<Error> malformed(std::uint32_t number, const char* why) {
    return fail(ErrorKind::protocol,
                "Reading the connections without a process failed: number " + std::to_string(number) + why);
}

}  // namespace

bool is_mapped(const InternetAddress& address) {
    return std::ranges::equal(kMapped, std::span(address).first(kMapped.size()));
}

std::vector<std::byte> encode(std::span<const Connection> connections) {
    std::vector<std::byte> wire;
    append_value(wire, kMagic);
    append_value(wire, static_cast<std::uint32_t>(connections.size()));
    for (const Connection& connection : connections) {
        each_field(connection, [&wire](const auto& field) { append_value(wire, field); });
        append_value(wire, static_cast<std::uint32_t>(connection.data.size()));
        append(wire, connection.data);
    }
    return wire;
}

Result<std::vector<Connection>> decode_connections(std::span<const std::byte> wire) {
    Bytes bytes(wire);
    const auto magic = bytes.word(), count = bytes.word();
    if (magic != kMagic || !count)
        return fail(ErrorKind::protocol, "What should be connections without a process is none.");
    std::vector<Connection> connections;
    for (std::uint32_t number = 0; number < *count; ++number) {
        Connection connection;
        bool whole = true;
        each_field(connection, [&](auto& field) { whole = whole && take_value(bytes, field); });
        const auto size = bytes.word();
        const auto data = size ? bytes.take(*size) : std::nullopt;
        if (!whole || !data) return malformed(number, " is cut off.");
        if (connection.kind > Connection::Kind::unowned) return malformed(number, " is of no known kind.");
        connection.data.assign(data->begin(), data->end());
        connections.push_back(std::move(connection));
    }
    if (!bytes.empty()) return malformed(*count, " is more than there are.");
    return connections;
}

}  // namespace nap::context
