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
        if (chosen(attribute)) {
            kept += attribute.whole;
            kept.resize(NLA_ALIGN(kept.size()));
        }
    return kept;
}

void add_attribute(Body& body, int type, std::string_view value) {
    const nlattr begin{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()),
                       static_cast<std::uint16_t>(type)};
    body.append(reinterpret_cast<const char*>(&begin), sizeof begin);
    body += value;
    body.resize(NLA_ALIGN(body.size()));
}

}  // namespace nap::agent
