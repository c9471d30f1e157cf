// SPDX-License-Identifier: GPL-2.0-only
// Kernel memory: K as one kernel uses it. Every read is bounds-checked and touches its word once, since the
// bytes are untrusted and may change under the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "base/units.hpp"
#include "walk/layout.hpp"

namespace nap::walk {

// One load, at any alignment.
template <class T>
inline T load_once(const std::byte* at) {
    struct [[gnu::packed, gnu::may_alias]] Word {
        T value;
    };
    return reinterpret_cast<const volatile Word*>(at)->value;
}

class KernelMemory {
  public:
    // `bytes`: K, byte n is guest-physical address n. Reads page_offset_base and vmemmap_base where `anchors`
    // say.
    static Result<KernelMemory> attach(std::span<const std::byte> bytes, const Anchors& anchors);

    // `size` bytes at `from`; nullptr if they are not all in K.
    [[nodiscard]] const std::byte* find(GuestPhysical from, std::uint64_t size) const {
        return size <= bytes_.size() && from.value <= bytes_.size() - size ? bytes_.data() + from.value
                                                                           : nullptr;
    }

    // Where an address of the kernel's image or of its direct map lies; it may be outside K.
    [[nodiscard]] GuestPhysical physical(VirtualAddress address) const {
        return {address.value >= kImageStart ? address.value - text_ + kernel_code_
                                             : address.value - page_offset_};
    }

    // The word at an address of the kernel's image or direct map; nothing if that is outside K.
    template <class T>
    [[nodiscard]] std::optional<T> read(VirtualAddress address) const {
        const auto* at = find(physical(address), sizeof(T));
        if (at == nullptr) return std::nullopt;
        return load_once<T>(at);
    }

    [[nodiscard]] FrameRange frames() const { return {{0}, bytes_.size() >> kPageShift}; }
    [[nodiscard]] VirtualAddress page_structs() const { return {page_structs_}; }  // vmemmap
    [[nodiscard]] bool five_levels() const { return five_levels_; }

  private:
    static constexpr std::uint64_t kImageStart =
        0xffff'ffff'8000'0000;  // Documentation/arch/x86/x86_64/mm.rst

    std::span<const std::byte> bytes_;
    std::uint64_t text_ = 0, kernel_code_ = 0, page_offset_ = 0, page_structs_ = 0;
    bool five_levels_ = false;
};

}  // namespace nap::walk
