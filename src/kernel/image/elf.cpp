// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/elf.hpp"

#include <elf.h>

#include <cstdint>
#include <cstring>

namespace nap::kernel {

namespace {

using Bytes = std::span<const std::byte>;

Result<Bytes> slice(Bytes file, std::uint64_t offset, std::uint64_t size, std::string_view what) {
    if (offset > file.size() || size > file.size() - offset)
        return fail(ErrorKind::protocol, "the ELF file's " + std::string(what) + " lies outside of the file");
    return file.subspan(offset, size);
}

template <class T>
Result<T> read(Bytes file, std::uint64_t offset, std::string_view what) {
    NAP_TRY(auto bytes, slice(file, offset, sizeof(T), what));
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

Result<Elf64_Ehdr> header_of(Bytes file) {
    if (!is_elf(file)) return fail(ErrorKind::protocol, "this is not an ELF file");
    NAP_TRY(auto header, read<Elf64_Ehdr>(file, 0, "header"));
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
        return fail(ErrorKind::protocol, "this is not a 64-bit little-endian ELF file");
    if (header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr))
        return fail(ErrorKind::protocol, "the ELF file's section headers have an unknown size");
    if (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr))
        return fail(ErrorKind::protocol, "the ELF file's program headers have an unknown size");
    return header;
}

// The text at `offset`, up to its zero byte or the end of `strings`.
std::string_view text_at(Bytes strings, std::uint64_t offset) {
    if (offset >= strings.size()) return {};
    const auto* begin = reinterpret_cast<const char*>(strings.data()) + offset;
    return {begin, ::strnlen(begin, strings.size() - offset)};
}

}  // namespace

bool is_elf(Bytes file) {
    return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

Result<Bytes> elf_section(Bytes file, std::string_view name) {
    NAP_TRY(auto header, header_of(file));
    NAP_TRY(auto table, slice(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr),
                              "table of sections"));
    auto section = [&](std::size_t index) {
        return read<Elf64_Shdr>(table, index * sizeof(Elf64_Shdr), "table of sections");
    };
    NAP_TRY(auto names_header, section(header.e_shstrndx));
    NAP_TRY(auto names, slice(file, names_header.sh_offset, names_header.sh_size, "section names"));
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        NAP_TRY(auto candidate, section(i));
        if (text_at(names, candidate.sh_name) != name) continue;
        if (candidate.sh_type == SHT_NOBITS)
            return fail(ErrorKind::protocol,
                        "the ELF file's section " + std::string(name) + " has no contents");
        return slice(file, candidate.sh_offset, candidate.sh_size, "section " + std::string(name));
    }
    return fail(ErrorKind::not_found, "the ELF file has no section " + std::string(name));
}

Result<std::optional<std::string>> elf_interpreter(Bytes file) {
    NAP_TRY(auto header, header_of(file));
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        NAP_TRY(auto segment,
                read<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr), "table of program headers"));
        if (segment.p_type != PT_INTERP) continue;
        NAP_TRY(auto path, slice(file, segment.p_offset, segment.p_filesz, "interpreter"));
        return std::string(text_at(path, 0));
    }
    return std::nullopt;
}

}  // namespace nap::kernel
