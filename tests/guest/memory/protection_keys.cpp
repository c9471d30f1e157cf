// SPDX-License-Identifier: GPL-2.0-only
// Protection keys of memory areas, and which ones the program has; nothing where the processor has none.
#include <sys/mman.h>
#include <unistd.h>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

class ProtectionKeys : public State {
  public:
    void set_up() override {
        first_ = pkey_alloc(0, 0);
        if (first_ < 0) return;
        second_ = static_cast<int>(check(pkey_alloc(0, PKEY_DISABLE_WRITE), "pkey_alloc"));
        check(pkey_free(first_), "pkey_free");
        area_ = map_apart(4 * kPage);
        fill_pattern(area_, 6);
        check(pkey_mprotect(area_.data(), area_.size(), PROT_READ | PROT_WRITE, second_), "pkey_mprotect");
    }
    void verify() override {
        require(!damaged_, "it was damaged");
        if (first_ < 0) return;
        require(smaps_text(getpid(), area_, "ProtectionKey") == std::to_string(second_),
                "the area's key became ", smaps_text(getpid(), area_, "ProtectionKey"));
        require(pkey_get(second_) == PKEY_DISABLE_WRITE, "the key's rights became ", pkey_get(second_));
        require_pattern(area_, 6, "memory with a key");
        check(pkey_mprotect(area_.data(), area_.size(), PROT_READ | PROT_WRITE, second_), "pkey_mprotect");
        const auto next = static_cast<int>(check(pkey_alloc(0, 0), "pkey_alloc"));
        check(pkey_free(next), "pkey_free");
        require(next == first_, "key ", next, " comes next, not ", first_);
    }
    void damage() override { damaged_ = true; }

  private:
    int first_ = -1, second_ = -1;
    std::span<std::byte> area_;
    bool damaged_ = false;
};

NAP_GUEST_STATE("memory_keys", ProtectionKeys);

}  // namespace
}  // namespace guest
