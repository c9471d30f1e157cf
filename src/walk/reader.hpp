// SPDX-License-Identifier: GPL-2.0-only
// Reader: many words of kernel memory, one check. A word outside of it reads as 0 and is remembered.
#pragma once

#include <string>

#include "context/hex.hpp"
#include "walk/kernel_memory.hpp"

namespace nap::walk {

class Reader {
  public:
    explicit Reader(const KernelMemory& memory) : memory_(memory) {}

    template <class T>
    T read(std::uint64_t address) {
        const auto value = memory_.read<T>({address});
        if (!value && outside_ == 0) outside_ = address;
        return value.value_or(T{});
    }
    std::uint64_t pointer(std::uint64_t address) { return read<std::uint64_t>(address); }
    std::uint32_t word(std::uint64_t address) { return read<std::uint32_t>(address); }
    std::uint16_t half(std::uint64_t address) { return read<std::uint16_t>(address); }
    std::uint8_t byte(std::uint64_t address) { return read<std::uint8_t>(address); }

    // An error where a word was asked for that is not there.
    [[nodiscard]] Result<> check(std::string_view what) const {
        if (outside_ == 0) return {};
        return fail(ErrorKind::protocol, "Reading " + std::string(what) + " failed: " +
                                             context::hex(outside_) + " is outside of kernel memory.");
    }
    [[nodiscard]] const KernelMemory& memory() const { return memory_; }

  private:
    const KernelMemory& memory_;
    std::uint64_t outside_ = 0;
};

}  // namespace nap::walk
