// SPDX-License-Identifier: GPL-2.0-only
#include "agent/network/message.hpp"

#include <algorithm>

namespace nap::agent {

std::vector<Attribute> attributes_of(std::string_view body, std::size_t header) {
    std::vector<Attribute> attributes;
    for (std::size_t at = NLMSG_ALIGN(header); at + sizeof(nlattr) <= body.size();) {
        const auto begin = header_of<nlattr>(body.substr(at));
        if (begin.nla_len < sizeof(nlattr) || begin.nla_len > body.size() - at) break;
        const std::size_t padded = std::min<std::size_t>(NLA_ALIGN(begin.nla_len), body.size() - at);
        attributes.push_back({begin.nla_type & NLA_TYPE_MASK,
                              body.substr(at + NLA_HDRLEN, begin.nla_len - NLA_HDRLEN),
                              body.substr(at, padded)});
        at += padded;
    }
    return attributes;
}

Body with_attributes(std::string_view body, std::size_t header,
                     const std::function<bool(const Attribute&)>& chosen) {
    Body kept(body.substr(0, NLMSG_ALIGN(header)));
    for (const Attribute& attribute : attributes_of(body, header))
        if (chosen(attribute)) add_whole(kept, attribute);
    return kept;
}

void add_attribute(Body& body, int type, std::string_view value) {
    const nlattr begin{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()),
                       static_cast<std::uint16_t>(type)};
    body.append(reinterpret_cast<const char*>(&begin), sizeof begin);
    body += value;
    body.resize(NLA_ALIGN(body.size()));
}

void add_whole(Body& body, const Attribute& attribute) {
    body += attribute.whole;
    body.resize(NLA_ALIGN(body.size()));
}

void add_text(Body& body, int type, std::string_view text) {
    std::string value(text);
    value += '\0';
    add_attribute(body, type, value);
}

std::optional<std::string_view> find_value(std::string_view body, std::size_t header, int type) {
    for (const Attribute& each : attributes_of(body, header))
        if (each.type == type) return each.value;
    return std::nullopt;
}

std::string_view nested(std::string_view attributes, std::initializer_list<int> types) {
    for (const int type : types) attributes = find_value(attributes, 0, type).value_or("");
    return attributes;
}

}  // namespace nap::agent
