// SPDX-License-Identifier: GPL-2.0-only
// Messages to netfilter, by hand: there may be no program for it in the machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guest {

// One message, and an attribute of one. Numbers are big-endian.
std::string netfilter_message(int type, int flags, int family, int resource, std::string_view attributes);
std::string netfilter_attribute(int type, std::string_view value);
std::string netfilter_text(int type, std::string_view text);
std::string netfilter_number(int type, std::uint32_t number);

// Sends a batch to nf_tables, and returns the socket. Fails where one of them is refused.
int nf_tables_batch(std::string_view messages);
// Sends one message; fails where it is refused.
void netfilter_change(const std::string& message);
// The attributes of all that the kernel lists.
std::vector<std::string> netfilter_list(int type, int family, std::string_view attributes);
// The value of the first attribute of that type; empty where there is none.
std::string netfilter_value(std::string_view attributes, int type);

}  // namespace guest
