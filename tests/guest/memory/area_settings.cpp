// SPDX-License-Identifier: GPL-2.0-only
// What belongs to memory areas and shows nowhere but in /proc: names and NUMA policies; seals and droppable
// memory, where the kernel the machine was started with has them.
#include <linux/mempolicy.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

#ifndef PR_SET_VMA
constexpr int PR_SET_VMA = 0x53564d41, PR_SET_VMA_ANON_NAME = 0;
#endif

// The last word of the area's line in /proc/self/maps: its name.
std::string name_of(std::span<const std::byte> area) {
    std::ifstream maps("/proc/self/maps");
    const auto start = reinterpret_cast<std::uintptr_t>(area.data());
    for (std::string line; std::getline(maps, line);) {
        if (std::stoull(line, nullptr, 16) != start) continue;
        const auto name = line.find('[');
        return name == std::string::npos ? "" : line.substr(name);
    }
    return "no area";
}

void set_name(std::span<std::byte> area, const char* name) {
    check(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, area.data(), area.size(), name), "prctl PR_SET_VMA");
}

bool can_name() {
    const auto page = map_apart(kPage);
    return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, page.data(), page.size(), "tried") == 0;
}

// Neighbours that differ only by their names, one of them without pages; nothing in kernels without names.
class Named : public State {
  public:
    void set_up() override {
        whole_ = map_apart(12 * kPage);
        fill_pattern(part(1), 7);
        if (!can_name()) return;
        for (std::size_t i = 0; i < 2; ++i) set_name(part(i), i == 0 ? "the first" : "second (of 2)");
        named_ = true;
    }
    void verify() override {
        require_pattern(part(1), 7, "named memory");
        if (!named_ || !can_name()) return;
        require(name_of(part(0)) == "[anon:the first]", "the first area is ", name_of(part(0)));
        require(name_of(part(1)) == "[anon:second (of 2)]", "the second area is ", name_of(part(1)));
        require(name_of(part(2)).empty(), "the third area is ", name_of(part(2)));
    }
    void damage() override {
        if (named_) set_name(part(0), "another");
        part(1)[0] ^= std::byte{1};
    }

  private:
    [[nodiscard]] std::span<std::byte> part(std::size_t i) const {
        return whole_.subspan(4 * i * kPage, 4 * kPage);
    }
    std::span<std::byte> whole_;
    bool named_ = false;
};

// mbind(2): modes with and without nodes, of private and of shared memory.
class Policies : public State {
  public:
    void set_up() override {
        for (const auto& [mode, nodes] : {std::pair<int, unsigned long>{MPOL_BIND, 1},
                                          {MPOL_PREFERRED, 1},
                                          {MPOL_INTERLEAVE | MPOL_F_STATIC_NODES, 1},
                                          {MPOL_LOCAL, 0}}) {
            add(map_apart(4 * kPage), mode, nodes);
        }
        add(map(4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS), MPOL_BIND, 1);
    }
    void verify() override {
        for (const auto& [area, mode, nodes] : areas_) {
            int now = -1;
            unsigned long set = 0;
            check(syscall(SYS_get_mempolicy, &now, &set, 8 * sizeof set, area.data(), MPOL_F_ADDR),
                  "get_mempolicy");
            require(now == mode && set == nodes, "policy ", mode, " of nodes ", nodes, " became ", now,
                    " of ", set);
        }
    }
    void damage() override {
        check(syscall(SYS_mbind, areas_[0].area.data(), kPage, MPOL_DEFAULT, nullptr, 0, 0), "mbind");
    }

  private:
    struct Area {
        std::span<std::byte> area;
        int mode;
        unsigned long nodes;
    };
    void add(std::span<std::byte> area, int mode, unsigned long nodes) {
        check(syscall(SYS_mbind, area.data(), area.size(), mode, nodes != 0 ? &nodes : nullptr,
                      nodes != 0 ? 8 * sizeof nodes : 0, 0),
              "mbind " + std::to_string(mode));
        areas_.push_back({area, mode, nodes});
    }
    std::vector<Area> areas_;
};

// mseal(2) and MAP_DROPPABLE; nothing in kernels without them.
class Sealed : public State {
  public:
    void set_up() override {
        sealed_ = map_apart(4 * kPage);
        fill_pattern(sealed_, 3);
        can_seal_ = syscall(kMseal, sealed_.data(), sealed_.size(), 0) == 0;
        void* const droppable =
            mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, kDroppable | MAP_ANONYMOUS, -1, 0);
        if (droppable != MAP_FAILED) {
            droppable_ = {static_cast<std::byte*>(droppable), 4 * kPage};
            fill_pattern(droppable_, 4);
            flags_ = smaps_flags(getpid(), droppable_);
        }
    }
    void verify() override {
        require_pattern(sealed_, 3, "sealed memory");
        if (syscall(kMseal, nullptr, 0, 0) != 0) can_seal_ = false;  // a kernel without lets go of seals
        if (can_seal_)
            require(mprotect(sealed_.data(), sealed_.size(), PROT_READ | PROT_WRITE) != 0, "a seal is lost");
        if (droppable_.empty()) return;
        require_pattern(droppable_, 4, "droppable memory");
        void* const tried = mmap(nullptr, kPage, PROT_READ, kDroppable | MAP_ANONYMOUS, -1, 0);
        if (tried == MAP_FAILED) return;
        munmap(tried, kPage);
        const std::string now = smaps_flags(getpid(), droppable_);
        require(now == flags_, "flags ", flags_, " became ", now);
    }
    void damage() override { sealed_[0] ^= std::byte{1}; }

  private:
    static constexpr long kMseal = 462;
    static constexpr int kDroppable = 0x08;
    std::span<std::byte> sealed_, droppable_;
    bool can_seal_ = false;
    std::string flags_;
};

NAP_GUEST_STATE("memory_names", Named);
NAP_GUEST_STATE("memory_policies", Policies);
NAP_GUEST_STATE("memory_seals", Sealed);

}  // namespace
}  // namespace guest
