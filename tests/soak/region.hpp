// SPDX-License-Identifier: GPL-2.0-only
// Private memory, and what each of its pages must hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "random.hpp"

namespace soak {

class Region {
  public:
    // `huge`: whole 2 MiB pages are asked for.
    Region(std::size_t pages, bool huge);
    Region(Region&& other) noexcept;
    Region& operator=(Region&& other) noexcept;
    ~Region();

    [[nodiscard]] std::size_t pages() const { return numbers_.size(); }
    [[nodiscard]] bool huge() const { return huge_; }

    void write(std::size_t first, std::size_t count, Random& random);
    void verify() const;
    void discard(std::size_t first, std::size_t count);  // zeros from then on
    void protect(bool read_only);                        // of the first half: splits its VMA, or joins it
    void resize(std::size_t pages);                      // moved where there is no room

  private:
    [[nodiscard]] std::span<std::byte> part(std::size_t first, std::size_t count) const;

    std::span<std::byte> bytes_;
    std::vector<std::uint64_t> numbers_;
    bool huge_ = false, read_only_ = false;
};

}  // namespace soak
