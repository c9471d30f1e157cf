// SPDX-License-Identifier: GPL-2.0-only
// BTF: the type information a kernel carries (Documentation/bpf/btf.rst), read far enough to find where a
// field lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"

namespace nap::walk {

// Borrows the bytes. They may be anything: every reference is checked, every search is bounded.
class Btf {
  public:
    static Result<Btf> parse(std::span<const std::byte> bytes);

    // sizeof(struct `name`), bytes.
    [[nodiscard]] Result<std::uint64_t> size_of(std::string_view name) const;

    // offsetof(struct `name`, `field`), bytes; `field` may be a member of an anonymous struct or union
    // within, or, after a dot, of the struct that a field is: "se.sum_exec_runtime".
    [[nodiscard]] Result<std::uint64_t> offset_of(std::string_view name, std::string_view field) const;

  private:
    struct Aggregate {  // a struct or union
        std::uint32_t size = 0;
        std::uint32_t members_at = 0;  // in types_, of 12 bytes each
        std::uint16_t members = 0;
        bool bit_fields = false;  // member offsets carry a width in their upper byte
    };

    Result<> index_types();
    [[nodiscard]] std::uint32_t word(std::size_t at) const;
    [[nodiscard]] std::optional<std::string_view> string(std::uint32_t at) const;
    [[nodiscard]] Result<const Aggregate*> find(std::string_view name) const;
    struct Found {
        std::uint64_t offset = 0;  // in bits
        std::uint32_t type = 0;
    };
    Result<std::optional<Found>> search(const Aggregate& in, std::string_view field, int depth,
                                        std::uint64_t& budget) const;
    [[nodiscard]] Result<std::uint64_t> offset_in(const Aggregate& in, std::string_view name,
                                                  std::string_view path) const;  // in bytes

    std::span<const std::byte> types_, strings_;
    std::unordered_map<std::uint32_t, Aggregate> aggregates_;           // by type id
    std::unordered_map<std::string_view, std::uint32_t> struct_names_;  // to type id; the first of a name
};

}  // namespace nap::walk
