// SPDX-License-Identifier: GPL-2.0-only
// What Nap reads of ELF files (64-bit, little-endian): a section by its name, the loader a program asks for.
// The bytes are not trusted: every offset is checked. Errors do not name the file; the caller does.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::kernel {

bool is_elf(std::span<const std::byte> file);

// The bytes of a section, a part of `file`; not_found where there is none of that name.
Result<std::span<const std::byte>> elf_section(std::span<const std::byte> file, std::string_view name);

// PT_INTERP; nothing where the program is statically linked.
Result<std::optional<std::string>> elf_interpreter(std::span<const std::byte> file);

}  // namespace nap::kernel
