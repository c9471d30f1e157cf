// SPDX-License-Identifier: GPL-2.0-only
#include "machine/disk/qcow2.hpp"

namespace nap::machine {

namespace {

constexpr std::uint32_t kMagic = 0x514649fb;  // "QFI\xfb"
constexpr std::uint64_t kExternalData = 1 << 2;

// `count` bytes at `at`, big-endian.
std::uint64_t number(std::span<const std::byte> header, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (auto byte : header.subspan(at, count)) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
}

}  // namespace

Result<std::uint64_t> qcow2_size(std::span<const std::byte> header, const std::filesystem::path& image) {
    auto refuse = [&image](ErrorKind kind, const std::string& why) {
        return fail(kind, "The disk image " + image.string() + " " + why);
    };
    constexpr std::size_t kVersion2Header = 72;
    if (header.size() < kVersion2Header || number(header, 0, 4) != kMagic)
        return refuse(ErrorKind::usage, "is not in qcow2 format.");
    auto version = number(header, 4, 4);
    if (version != 2 && version != 3)
        return refuse(ErrorKind::unsupported, "is of version " + std::to_string(version) + " of qcow2.");
    if (version == 3 && header.size() < kQcow2Header)
        return refuse(ErrorKind::usage, "ends within its header.");
    if (number(header, 8, 8) != 0)
        return refuse(ErrorKind::unsupported,
                      "has a backing file; make it stand alone with qemu-img rebase -b ''.");
    if (version == 3 && (number(header, 72, 8) & kExternalData) != 0)
        return refuse(ErrorKind::unsupported,
                      "has its data in another file; join them with qemu-img convert.");
    if (number(header, 32, 4) != 0) return refuse(ErrorKind::unsupported, "is encrypted.");
    return number(header, 24, 8);
}

}  // namespace nap::machine
