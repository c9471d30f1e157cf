// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as an ELF file, a program and a module.
#include <cstdlib>
#include <span>
#include <string_view>

#include "kernel/image/elf.hpp"
#include "kernel/image/modules.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = std::as_bytes(std::span(data, size));
    if (const auto section = nap::kernel::elf_section(file, ".BTF"); section && section->size() > size)
        std::abort();
    (void)nap::kernel::elf_interpreter(file);
    (void)nap::kernel::module_info({reinterpret_cast<const char*>(data), size}, "depends");
    return 0;
}
