// SPDX-License-Identifier: GPL-2.0-only
// Transparent huge pages: still huge afterwards, whole or partly unmapped.
#include <unistd.h>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

class HugePages : public State {
  public:
    void set_up() override {
        const std::string policy = read_text("/sys/kernel/mm/transparent_hugepage/enabled");
        range_ = map_apart(kCount * kHugePage, kHugePage);
        check(madvise(range_.data(), range_.size(), MADV_HUGEPAGE), "madvise");
        fill_pattern(range_, 6);
        // The last one keeps only its first half: the rest of the frame stays allocated, not mapped.
        const auto half = range_.last(kHugePage / 2);
        check(munmap(half.data(), half.size()), "munmap");
        kept_ = range_.first(range_.size() - half.size());
        huge_ = smaps_bytes(getpid(), kept_, "AnonHugePages");
        require(huge_ > 0 || policy.find("[never]") != std::string::npos, "no huge page was given, policy ",
                policy);
    }
    void verify() override {
        require_pattern(kept_, 6, "huge pages");
        const auto huge = smaps_bytes(getpid(), kept_, "AnonHugePages");
        require(huge >= huge_, huge, " bytes lie in huge pages, were ", huge_);
    }
    void damage() override { kept_[3 * kHugePage + 1] ^= std::byte{1}; }

  private:
    static constexpr std::size_t kCount = 8;
    std::span<std::byte> range_, kept_;
    std::size_t huge_ = 0;
};

NAP_GUEST_STATE("huge_pages", HugePages);

}  // namespace
}  // namespace guest
