// SPDX-License-Identifier: GPL-2.0-only
// Struct copy: the bytes of one of the kernel's structs, taken with one read, and its fields by their names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

class StructCopy {
  public:
    // `type` is a literal.
    static Result<StructCopy> read(const RunningKernel& kernel, std::string_view type, std::uint64_t at) {
        NAP_TRY(const auto size, kernel.fields().size(type));
        NAP_TRY(std::string bytes, kernel.bytes(at, size));
        return StructCopy(kernel, type, std::move(bytes));
    }
    template <class T = std::uint64_t>
    [[nodiscard]] Result<T> field(std::string_view name) const {
        NAP_TRY(const auto at, kernel_->fields().offset(type_, name));
        T value{};
        if (at + sizeof value > bytes_.size())
            return fail(ErrorKind::protocol, "a field beyond the end of its " + std::string(type_));
        bytes_.copy(reinterpret_cast<char*>(&value), sizeof value, at);
        return value;
    }

    [[nodiscard]] const RunningKernel& kernel() const { return *kernel_; }

  private:
    StructCopy(const RunningKernel& kernel, std::string_view type, std::string bytes)
        : kernel_(&kernel), type_(type), bytes_(std::move(bytes)) {}
    const RunningKernel* kernel_;
    std::string_view type_;
    std::string bytes_;
};

}  // namespace nap::agent
