// SPDX-License-Identifier: GPL-2.0-only
// Fields: where the fields lie that the agent reads in the running kernel, by the kernel's own BTF.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "walk/btf.hpp"

namespace nap::agent {

class Fields {
  public:
    // All that fields.cpp lists. What this kernel does not have is an error only when it is asked for.
    static Fields resolve(const walk::Btf& btf);

    [[nodiscard]] Result<std::uint64_t> offset(std::string_view type, std::string_view field) const;
    [[nodiscard]] Result<std::uint64_t> size(std::string_view type) const;  // of those with a field listed

  private:
    std::map<std::string, std::uint64_t, std::less<>> offsets_;  // "struct.field"; "struct.": its size
};

}  // namespace nap::agent
