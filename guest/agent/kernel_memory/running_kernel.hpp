// SPDX-License-Identifier: GPL-2.0-only
// Running kernel: what this kernel keeps to itself, read through /proc/kcore by the names of its BTF. Its
// memory may change under the reader unless the userland is frozen: whoever follows a chain bounds it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kernel_memory/fields.hpp"
#include "agent/kernel_memory/segments.hpp"
#include "base/fd.hpp"

namespace nap::agent {

class RunningKernel {
  public:
    // The first call takes some 100 ms, for types and symbols; later ones find them kept. Not during a pause.
    static Result<const RunningKernel*> get();

    [[nodiscard]] Result<> read(std::uint64_t address, std::span<std::byte> into) const;
    [[nodiscard]] Result<std::string> bytes(std::uint64_t address, std::uint64_t size) const;
    template <class T>
    [[nodiscard]] Result<T> value(std::uint64_t address) const {
        T value{};
        NAP_CHECK(read(address, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }
    // A field of the struct `type` at `address`.
    template <class T = std::uint64_t>
    [[nodiscard]] Result<T> field(std::uint64_t address, std::string_view type, std::string_view name) const {
        NAP_TRY(const std::uint64_t offset, fields_.offset(type, name));
        return value<T>(address + offset);
    }

    [[nodiscard]] const Fields& fields() const { return fields_; }
    [[nodiscard]] Result<std::uint64_t> symbol(std::string_view name) const;       // its address
    [[nodiscard]] Result<std::uint32_t> function_id(std::string_view name) const;  // for BPF

  private:
    RunningKernel() = default;
    static Result<RunningKernel> open();

    UniqueFd core_;
    std::vector<Segment> segments_;
    Fields fields_;
    std::map<std::string, std::uint64_t, std::less<>> symbols_;
    std::map<std::string, std::uint32_t, std::less<>> functions_;
};

// The addresses of those of `wanted` that /proc/kallsyms names.
std::map<std::string, std::uint64_t, std::less<>> find_addresses(std::string_view kallsyms,
                                                                 std::span<const std::string_view> wanted);

}  // namespace nap::agent
