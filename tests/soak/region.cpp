// SPDX-License-Identifier: GPL-2.0-only
#include "region.hpp"

#include <sys/mman.h>

#include <string>
#include <utility>

#include "guest/harness.hpp"
#include "guest/memory/mapping.hpp"
#include "pages.hpp"

namespace soak {

using guest::check;
using guest::kPage;

Region::Region(std::size_t pages, bool huge) : numbers_(pages), huge_(huge) {
    // A range of its own: neighbours could not be told apart once their VMAs are joined
    bytes_ = guest::map(pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    check(madvise(bytes_.data(), bytes_.size(), huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), "madvise");
}

Region::Region(Region&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      numbers_(std::move(other.numbers_)),
      huge_(other.huge_),
      read_only_(other.read_only_) {}

Region& Region::operator=(Region&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(numbers_, other.numbers_);
    std::swap(huge_, other.huge_);
    std::swap(read_only_, other.read_only_);
    return *this;
}

Region::~Region() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

std::span<std::byte> Region::part(std::size_t first, std::size_t count) const {
    return bytes_.subspan(first * kPage, count * kPage);
}

void Region::write(std::size_t first, std::size_t count, Random& random) {
    protect(false);
    for (std::size_t i = first; i < first + count; ++i) {
        numbers_[i] = random.next() | 1;
        fill_page(part(i, 1), numbers_[i]);
    }
}

void Region::verify() const {
    for (std::size_t i = 0; i < pages(); ++i)
        require_page(
            part(i, 1), numbers_[i],
            "page " + std::to_string(i) + " of " + std::to_string(pages()) + (huge_ ? " (huge)" : ""));
}

void Region::discard(std::size_t first, std::size_t count) {
    const auto range = part(first, count);
    check(madvise(range.data(), range.size(), MADV_DONTNEED), "madvise");
    for (std::size_t i = first; i < first + count; ++i) numbers_[i] = 0;
}

void Region::protect(bool read_only) {
    if (read_only == read_only_) return;
    const auto range = part(0, (pages() + 1) / 2);
    check(mprotect(range.data(), range.size(), read_only ? PROT_READ : PROT_READ | PROT_WRITE), "mprotect");
    read_only_ = read_only;
}

void Region::resize(std::size_t pages) {
    protect(false);  // mremap takes one VMA
    void* at = mremap(bytes_.data(), bytes_.size(), pages * kPage, MREMAP_MAYMOVE);
    if (at == MAP_FAILED) check(-1, "mremap");
    bytes_ = {static_cast<std::byte*>(at), pages * kPage};
    numbers_.resize(pages);
}

}  // namespace soak
