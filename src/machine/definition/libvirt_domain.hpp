// SPDX-License-Identifier: GPL-2.0-only
// A libvirt guest's definition (virsh dumpxml; https://libvirt.org/formatdomain.html): what of it a machine
// of Nap has, too. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace nap::machine {

struct LibvirtDomain {
    std::string name;
    std::uint64_t memory = 0;  // bytes
    int cpus = 1;
    std::vector<std::string> disks;     // files and block devices, in the order in which it boots from them
    std::vector<std::string> macs;      // of its network interfaces
    std::vector<std::string> left_out;  // what a machine will not have, each a few words
};

[[nodiscard]] bool is_xml(std::string_view content);
// protocol: it is no definition of a guest; unsupported: of one that Nap cannot run (another architecture).
Result<LibvirtDomain> parse_libvirt_domain(std::string_view xml);

// As a machine may be called: "Web Server.1" -> "web-server.1"; empty where nothing is left.
std::string machine_name_from(std::string_view name);

}  // namespace nap::machine
