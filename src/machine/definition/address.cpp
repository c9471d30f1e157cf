// SPDX-License-Identifier: GPL-2.0-only
#include "machine/definition/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/number.hpp"

namespace nap::machine {

namespace {

using Octets = std::array<unsigned char, 16>;

struct Address {
    int family;
    Octets octets{};  // of IPv4 the first four
    [[nodiscard]] int bits() const { return family == AF_INET ? 32 : 128; }
    bool operator==(const Address&) const = default;
};

std::unexpected<Error> wrong(std::string_view field, const std::string& text, const std::string& why) {
    return fail(ErrorKind::usage, "The machine's " + std::string(field) + " '" + text + "' " + why + ".");
}

std::optional<Address> parse(const std::string& text) {
    for (int family : {AF_INET, AF_INET6})
        if (Address address{family}; ::inet_pton(family, text.c_str(), address.octets.data()) == 1)
            return address;
    return std::nullopt;
}

std::optional<int> parse_prefix(const std::string& text, int most) {
    const auto bits = parse_number<int>(text);
    if (!bits || *bits < 0 || *bits > most || text != std::to_string(*bits)) return std::nullopt;
    return bits;
}

// The address with its bits behind the prefix all 0, or all 1.
Address with_host_part(Address address, int prefix, bool ones) {
    for (int bit = prefix; bit < address.bits(); ++bit) {
        auto& octet = address.octets[static_cast<std::size_t>(bit / 8)];
        const auto mask = static_cast<unsigned char>(0x80 >> bit % 8);
        octet = static_cast<unsigned char>(ones ? octet | mask : octet & ~mask);
    }
    return address;
}

bool is_link_local(const Address& address) {
    return address.family == AF_INET6 && address.octets[0] == 0xfe && (address.octets[1] & 0xc0) == 0x80;
}

// Why no host can have it, whatever its network; empty where one can.
std::string kind_of_no_host(const Address& address) {
    const auto& octets = address.octets;
    if (address.family == AF_INET) {
        if (octets[0] == 0) return "names no host";
        if (octets[0] == 127) return "is a loopback address";
        if (octets[0] >= 224 && octets[0] < 240) return "is a multicast address";
        return address == *parse("255.255.255.255") ? "is the broadcast address" : "";
    }
    if (octets[0] == 0xff) return "is a multicast address";
    if (address == *parse("::1")) return "is the loopback address";
    return address == *parse("::") ? "names no host" : "";
}

std::string why_not_a_host(const Address& address, int prefix) {
    if (auto why = kind_of_no_host(address); !why.empty()) return why;
    // A network of two has neither (RFC 3021); IPv6 knows no broadcast
    if (address.family != AF_INET || prefix >= 31) return "";
    if (address == with_host_part(address, prefix, false)) return "is the address of the network itself";
    if (address == with_host_part(address, prefix, true)) return "is the broadcast address of the network";
    return "";
}

Result<> check_gateway(const Address& own, int prefix, const std::string& own_text, const std::string& text) {
    const auto gateway = parse(text);
    if (!gateway || gateway->family != own.family)
        return wrong("gateway", text, "must be an address of the same family as " + own_text);
    if (*gateway == own) return wrong("gateway", text, "is the machine's own address");
    if (is_link_local(*gateway)) return {};  // reached on the link, whatever the network
    if (with_host_part(*gateway, prefix, false) != with_host_part(own, prefix, false))
        return wrong("gateway", text, "does not lie in the network of " + own_text);
    if (auto why = why_not_a_host(*gateway, prefix); !why.empty()) return wrong("gateway", text, why);
    return {};
}

}  // namespace

Result<> check_address(const std::string& address, const std::string& gateway) {
    const auto slash = std::min(address.find('/'), address.size());
    const auto own = parse(address.substr(0, slash));
    const auto prefix =
        own && slash < address.size() ? parse_prefix(address.substr(slash + 1), own->bits()) : std::nullopt;
    if (!prefix) return wrong("address", address, "must be in CIDR form such as 192.0.2.10/24");
    if (*prefix == 0) return wrong("address", address, "has a network of all addresses there are");
    if (auto why = why_not_a_host(*own, *prefix); !why.empty()) return wrong("address", address, why);
    return gateway.empty() ? Result<>{} : check_gateway(*own, *prefix, address, gateway);
}

}  // namespace nap::machine
