// SPDX-License-Identifier: GPL-2.0-only
// Messages of netlink: a header of the kind's own, and attributes. Pure.
#pragma once

#include <linux/netlink.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace nap::agent {

// What follows struct nlmsghdr: the kind's own header, padded, then attributes.
using Body = std::string;

template <class Header>
Header header_of(std::string_view body) {
    Header header{};
    std::memcpy(&header, body.data(), std::min(sizeof header, body.size()));
    return header;
}
template <class Header>
void set_header(Body& body, const Header& header) {
    std::memcpy(body.data(), &header, std::min(sizeof header, body.size()));
}
template <class Header>
Body body_of(const Header& header) {
    Body body(NLMSG_ALIGN(sizeof header), '\0');
    set_header(body, header);
    return body;
}

struct Attribute {
    int type = 0;  // without its flags
    std::string_view value;
    std::string_view whole;  // as it lies in the message, padded where something follows
};

// Those after a header of `header` bytes; what is cut off ends them.
std::vector<Attribute> attributes_of(std::string_view body, std::size_t header);

// The header alone, and the attributes that `chosen` takes.
Body with_attributes(std::string_view body, std::size_t header,
                     const std::function<bool(const Attribute&)>& chosen);
void add_attribute(Body& body, int type, std::string_view value);
inline void add_nested(Body& body, int type, std::string_view attributes) {
    add_attribute(body, type | NLA_F_NESTED, attributes);
}
void add_whole(Body& body, const Attribute& attribute);  // as it lies in the message

// Text up to its end, which the kernel writes behind it.
inline std::string text_of(std::string_view value) {
    return std::string(value.substr(0, value.find('\0')));
}
void add_text(Body& body, int type, std::string_view text);

// The first of that type.
std::optional<std::string_view> find_value(std::string_view body, std::size_t header, int type);
// One way down after the other.
std::string_view nested(std::string_view attributes, std::initializer_list<int> types);

template <class Value>
void add_value(Body& body, int type, const Value& value) {
    add_attribute(body, type, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}
template <class Value>
Value value_of(const Attribute& attribute) {
    return header_of<Value>(attribute.value);
}

// As netfilter tells numbers.
template <class Number>
Number big_endian(Number number) {
    if constexpr (std::endian::native == std::endian::little) return std::byteswap(number);
    return number;
}
template <class Number>
Number number_in(std::string_view value) {
    return big_endian(header_of<Number>(value));
}
template <class Number>
void add_number(Body& body, int type, Number number) {
    add_value(body, type, big_endian(number));
}

}  // namespace nap::agent
