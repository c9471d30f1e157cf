// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/segments.hpp"

#include <elf.h>

#include <cstring>

namespace nap::agent {

namespace {

template <class T>
std::optional<T> load(std::span<const std::byte> bytes, std::uint64_t at) {
    if (bytes.size() < sizeof(T) || at > bytes.size() - sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

}  // namespace

Result<std::vector<Segment>> parse_segments(std::span<const std::byte> head) {
    const auto header = load<Elf64_Ehdr>(head, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_phentsize != sizeof(Elf64_Phdr))
        return fail(ErrorKind::protocol, "/proc/kcore is no ELF file of 64 bits");
    std::vector<Segment> segments;
    for (unsigned i = 0; i < header->e_phnum; ++i) {
        const auto program = load<Elf64_Phdr>(head, header->e_phoff + i * sizeof(Elf64_Phdr));
        if (!program) return fail(ErrorKind::protocol, "/proc/kcore ends within its program headers");
        if (program->p_type == PT_LOAD)
            segments.push_back({program->p_vaddr, program->p_memsz, program->p_offset});
    }
    return segments;
}

std::optional<std::uint64_t> find_in_segments(std::span<const Segment> segments, std::uint64_t address,
                                              std::uint64_t size) {
    for (const Segment& segment : segments)
        if (address >= segment.address && size <= segment.size &&
            address - segment.address <= segment.size - size)
            return segment.offset + (address - segment.address);
    return std::nullopt;
}

}  // namespace nap::agent
