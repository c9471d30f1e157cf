// SPDX-License-Identifier: GPL-2.0-only
// Locked memory: areas whose pages are locked as they come, and what mlockall says of areas to come.
#include <unistd.h>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

// "VmLck" of /proc/self/status.
std::string locked_memory() {
    const std::string status = read_text("/proc/self/status");
    const auto at = status.find("VmLck:");
    return status.substr(at, status.find('\n', at) - at);
}

// A large area: were it filled, the machine would hardly hold it.
class OnFault : public State {
  public:
    void set_up() override {
        range_ = map_apart(kSize);
        check(madvise(range_.data(), kSize, MADV_NOHUGEPAGE), "madvise");
        check(mlock2(range_.data(), kSize, MLOCK_ONFAULT), "mlock2");
        for (std::size_t at = 0; at < kSize; at += kStep) range_[at] = std::byte{7};
        flags_ = smaps_flags(getpid(), range_);
        locked_ = locked_memory();
    }
    void verify() override {
        const auto resident = smaps_bytes(getpid(), range_, "Rss");
        require(resident == kSize / kStep * kPage, resident, " bytes are resident");
        for (std::size_t at = 0; at < kSize; at += kStep)
            require(range_[at] == std::byte{7}, "a byte of locked memory changed");
        const auto flags = smaps_flags(getpid(), range_);
        require(flags == flags_, "flags ", flags_, " became ", flags);
        require(locked_memory() == locked_, locked_, " became ", locked_memory());
    }
    void damage() override { range_[kStep / 2] = std::byte{1}; }

  private:
    static constexpr std::size_t kSize = 256 << 20, kStep = 8 << 20;
    std::span<std::byte> range_;
    std::string flags_, locked_;
};

class Future : public State {
  public:
    explicit Future(int flags) : flags_(flags) {}
    void set_up() override {
        check(mlockall(flags_), "mlockall");
        probe();
        locked_ = locked_memory();
    }
    void verify() override {
        require(locked_memory() == locked_, locked_, " became ", locked_memory());
        probe();
    }
    void damage() override { check(munlockall(), "munlockall"); }

  private:
    // A new area is locked from the start, and filled unless its pages are to be locked as they come.
    void probe() const {
        const auto area = map(16 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
        const auto flags = smaps_flags(getpid(), area);
        const auto resident = smaps_bytes(getpid(), area, "Rss");
        munmap(area.data(), area.size());
        require(flags.find(" lo") != std::string::npos, "a new area is not locked: ", flags);
        require(resident == ((flags_ & MCL_ONFAULT) != 0 ? 0 : 16 * kPage), resident,
                " bytes of a new area are resident");
    }

    int flags_;
    std::string locked_;
};

NAP_GUEST_STATE("locked_on_fault", OnFault);
NAP_GUEST_STATE("locked_all", Future, MCL_CURRENT | MCL_FUTURE);
NAP_GUEST_STATE("locked_future_on_fault", Future, MCL_FUTURE | MCL_ONFAULT);

}  // namespace
}  // namespace guest
