// SPDX-License-Identifier: GPL-2.0-only
// Kernel memory: K as one kernel uses it.
#include "walk/kernel_memory.hpp"

#include <string>

#include "context/hex.hpp"

namespace nap::walk {

Result<KernelMemory> KernelMemory::attach(std::span<const std::byte> bytes, const Anchors& anchors) {
    KernelMemory memory;
    memory.bytes_ = bytes;
    memory.text_ = anchors.text;
    memory.kernel_code_ = anchors.kernel_code;
    memory.five_levels_ = anchors.la57;
    const auto variable = [&](std::string_view name, std::uint64_t address) -> Result<std::uint64_t> {
        if (address < kImageStart)
            return fail(ErrorKind::protocol, "Reading kernel memory failed: the guest says that " +
                                                 std::string(name) + " lies at " + context::hex(address) +
                                                 ", outside of its kernel's image.");
        const auto value = memory.read<std::uint64_t>({address});
        if (!value)
            return fail(ErrorKind::protocol, "Reading kernel memory failed: " + std::string(name) +
                                                 ", said to lie at " + context::hex(address) +
                                                 ", is outside of the " + std::to_string(bytes.size()) +
                                                 " bytes of kernel memory.");
        return *value;
    };
    NAP_TRY(memory.page_offset_, variable("page_offset_base", anchors.page_offset_base));
    NAP_TRY(memory.page_structs_, variable("vmemmap_base", anchors.vmemmap_base));
    if (memory.page_structs_ % kPageSize != 0 || memory.page_offset_ % kPageSize != 0)
        return fail(ErrorKind::protocol, "Reading kernel memory failed: its bases " +
                                             context::hex(memory.page_offset_) + " and " +
                                             context::hex(memory.page_structs_) + " are not page aligned.");
    return memory;
}

}  // namespace nap::walk
