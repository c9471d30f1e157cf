// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/vmlinuz.hpp"

#include <cstring>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/image/elf.hpp"
#include "kernel/package/compressed.hpp"

namespace nap::kernel {

namespace {

// Offsets in the setup header.
constexpr std::size_t kSetupSectors = 0x1f1, kMagic = 0x202, kProtocol = 0x206, kVersionText = 0x20e,
                      kPayloadOffset = 0x248, kPayloadLength = 0x24c, kHeaderEnd = 0x250;
constexpr std::string_view kMagicText = "HdrS";
constexpr std::uint16_t kProtocolWithPayload = 0x0208;
constexpr std::size_t kSector = 512;
constexpr std::size_t kMostVersion = 128;
constexpr std::uint64_t kMostUnpacked = 512 * kMiB;

template <class T>
T read(std::span<const std::byte> bytes, std::size_t offset) {  // the caller has checked the size
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

// "6.1.0-47-cloud-amd64 (debian-kernel@...) #1 SMP ...": the first word.
Result<std::string> version_of(std::span<const std::byte> setup) {
    std::size_t offset = read<std::uint16_t>(setup, kVersionText) + kSector;
    if (offset == kSector || offset >= setup.size())
        return fail(ErrorKind::protocol, "the boot image does not name its version");
    auto text = setup.subspan(offset, std::min(setup.size() - offset, kMostVersion));
    std::string_view line(reinterpret_cast<const char*>(text.data()), text.size());
    std::string version(line.substr(0, line.find_first_of(std::string_view(" \0", 2))));
    if (version.empty() || version.size() == kMostVersion)
        return fail(ErrorKind::protocol, "the boot image does not name its version");
    return version;
}

}  // namespace

bool is_boot_image(std::span<const std::byte> image) {
    return image.size() >= kHeaderEnd &&
           std::memcmp(image.data() + kMagic, kMagicText.data(), kMagicText.size()) == 0;
}

Result<BootImage> parse_boot_image(std::span<const std::byte> image) {
    if (!is_boot_image(image)) return fail(ErrorKind::protocol, "this is no x86 boot image (bzImage)");
    if (read<std::uint16_t>(image, kProtocol) < kProtocolWithPayload)
        return fail(ErrorKind::unsupported, "the boot image is of a boot protocol older than 2.08");
    std::size_t sectors = read<std::uint8_t>(image, kSetupSectors);
    std::size_t setup_size = ((sectors ? sectors : 4) + 1) * kSector;
    std::uint64_t offset = setup_size + std::uint64_t{read<std::uint32_t>(image, kPayloadOffset)};
    std::uint64_t length = read<std::uint32_t>(image, kPayloadLength);
    if (offset > image.size() || length > image.size() - offset || length < 2 * sizeof(std::uint32_t))
        return fail(ErrorKind::protocol, "the boot image's compressed kernel lies outside of the file");
    NAP_TRY(auto version, version_of(image.first(setup_size)));
    auto payload = image.subspan(offset, length);
    // The kernel's build appends the unpacked size to formats that lack it; gzip ends with it by itself.
    std::uint64_t unpacked = read<std::uint32_t>(payload, payload.size() - sizeof(std::uint32_t));
    bool gzip = read<std::uint16_t>(payload, 0) == 0x8b1f;
    if (unpacked > kMostUnpacked)
        return fail(ErrorKind::protocol,
                    "the boot image's kernel claims " + std::to_string(unpacked) + " bytes");
    return BootImage{.version = std::move(version),
                     .payload = gzip ? payload : payload.first(payload.size() - sizeof(std::uint32_t)),
                     .unpacked_size = unpacked};
}

Result<std::string> unpack_vmlinux(const BootImage& image) {
    const std::string what = "cannot unpack the kernel in the boot image";
    auto kernel = decompress(image.payload, image.unpacked_size);
    if (!kernel) return std::unexpected(kernel.error().within(what));
    if (kernel->size() != image.unpacked_size)
        return fail(ErrorKind::protocol, what + ": it has " + std::to_string(kernel->size()) +
                                             " bytes, not " + std::to_string(image.unpacked_size));
    if (!is_elf(as_bytes(*kernel)))
        return fail(ErrorKind::unsupported,
                    what + ": it is not an ELF kernel or compressed in an unknown way");
    return kernel;
}

}  // namespace nap::kernel
