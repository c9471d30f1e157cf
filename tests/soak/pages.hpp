// SPDX-License-Identifier: GPL-2.0-only
// Pages whose every word follows from one number; 0 is a page of zeros, as the kernel gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace soak {

void fill_page(std::span<std::byte> page, std::uint64_t number);
void require_page(std::span<const std::byte> page, std::uint64_t number, const std::string& what);

}  // namespace soak
