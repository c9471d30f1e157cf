// SPDX-License-Identifier: GPL-2.0-only
#include "machine/definition/libvirt_domain.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <pugixml.hpp>
#include <utility>

namespace nap::machine {

namespace {

constexpr std::size_t kLongestName = 63;

struct Unit {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array kUnits = {Unit{"b", 1},           Unit{"bytes", 1},     Unit{"KB", 1000},
                               Unit{"k", 1024},        Unit{"KiB", 1024},    Unit{"MB", 1000'000},
                               Unit{"M", 1 << 20},     Unit{"MiB", 1 << 20}, Unit{"GB", 1000'000'000},
                               Unit{"G", 1 << 30},     Unit{"GiB", 1 << 30}, Unit{"T", 1ULL << 40},
                               Unit{"TiB", 1ULL << 40}};

Result<std::uint64_t> memory_of(const pugi::xml_node& domain) {
    const auto node = domain.child("memory");
    const std::string_view unit = node.attribute("unit").as_string("KiB");
    const auto found = std::ranges::find(kUnits, unit, &Unit::name);
    const std::uint64_t number = node.text().as_ullong(0);
    if (number == 0 || found == kUnits.end() ||
        number > std::numeric_limits<std::uint64_t>::max() / found->bytes)
        return fail(ErrorKind::protocol, "its <memory> is not understood");
    return number * found->bytes;
}

// With a boot order they come in that, before those without.
void read_disks(const pugi::xml_node& devices, LibvirtDomain& into) {
    std::vector<std::pair<unsigned, std::string>> disks;
    for (const auto& disk : devices.children("disk")) {
        const std::string_view device = disk.attribute("device").as_string("disk");
        const auto source = disk.child("source");
        const std::string name = disk.child("target").attribute("dev").as_string("?");
        const std::string file = source.attribute("file").as_string(source.attribute("dev").as_string());
        if (device != "disk")
            into.left_out.push_back("the " + std::string(device) + " drive " + name);
        else if (file.empty())
            into.left_out.push_back("the disk " + name +
                                    ", which is neither a file nor a device of the host's");
        else
            disks.emplace_back(disk.child("boot").attribute("order").as_uint(~0U), file);
    }
    std::ranges::stable_sort(disks, {}, &std::pair<unsigned, std::string>::first);
    for (auto& [order, file] : disks) into.disks.push_back(std::move(file));
}

void read_others(const pugi::xml_node& devices, LibvirtDomain& into) {
    for (const auto* kind : {"hostdev", "filesystem", "shmem", "graphics", "sound", "tpm", "redirdev"})
        if (devices.child(kind)) into.left_out.push_back(std::string(kind) + " devices");
}

}  // namespace

bool is_xml(std::string_view content) {
    const auto first = content.find_first_not_of(" \t\r\n");
    return first != content.npos && content[first] == '<';
}

Result<LibvirtDomain> parse_libvirt_domain(std::string_view xml) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(xml.data(), xml.size());
    if (!parsed)
        return fail(ErrorKind::protocol, std::string("it is not XML: ") + parsed.description() + " at byte " +
                                             std::to_string(parsed.offset));
    const auto domain = document.child("domain");
    LibvirtDomain found;
    found.name = domain.child("name").text().as_string();
    if (!domain || found.name.empty())
        return fail(ErrorKind::protocol,
                    "it is no definition of a libvirt guest: there is no <domain> with a <name>");
    const auto os = domain.child("os").child("type");
    if (const std::string arch = os.attribute("arch").as_string("x86_64"); arch != "x86_64")
        return fail(ErrorKind::unsupported, "the guest is of another architecture, " + arch);
    if (const std::string type = os.text().as_string("hvm"); type != "hvm")
        return fail(ErrorKind::unsupported, "the guest is no virtual machine, but of type " + type);
    NAP_TRY(found.memory, memory_of(domain));
    found.cpus = std::max(1, domain.child("vcpu").text().as_int(1));
    const auto devices = domain.child("devices");
    read_disks(devices, found);
    for (const auto& interface : devices.children("interface"))
        found.macs.emplace_back(interface.child("mac").attribute("address").as_string());
    read_others(devices, found);
    if (domain.child("os").child("kernel"))
        found.left_out.emplace_back("its kernel outside of the disk (<kernel>)");
    return found;
}

std::string machine_name_from(std::string_view name) {
    std::string made;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        const bool between = c == '.' || c == '_' || c == '-';
        if (letter || (between && !made.empty()))
            made += c;
        else if (!made.empty() && !made.ends_with('-'))
            made += '-';
    }
    made.resize(std::min(made.size(), kLongestName));
    while (made.ends_with('-') || made.ends_with('.')) made.pop_back();
    return made;
}

}  // namespace nap::machine
