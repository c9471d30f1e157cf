// SPDX-License-Identifier: GPL-2.0-only
// Memory that never rests: mapped, written, protected, resized, discarded, shared with children
// copy-on-write, unmapped.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "guest/harness.hpp"
#include "guest/memory/mapping.hpp"
#include "random.hpp"
#include "region.hpp"
#include "worker.hpp"

namespace soak {
namespace {

constexpr std::size_t kMostRegions = 24, kMostPages = 512;
constexpr std::size_t kHugePages = guest::kHugePage / guest::kPage;
constexpr int kChanges = 16;
constexpr int kChildMs = 200;  // long enough for an update to find both sides of copy-on-write

class Memory : public Worker {
  public:
    void set_up() override {
        while (regions_.size() < kMostRegions / 2) add();
    }

    // Some changes, one part looked at after each; then all of it.
    void round() override {
        for (int change = 0; change < kChanges; ++change) {
            change_one();
            verify(regions_[random_.below(regions_.size())]);
        }
        for (const auto& region : regions_) verify(region);
    }

    [[nodiscard]] std::uint64_t done() const override { return verified_; }

  private:
    static std::size_t most(const Region& region) { return region.huge() ? 3 * kHugePages : kMostPages; }

    void verify(const Region& region) {
        region.verify();
        verified_ += region.pages();
    }

    void change_one() {
        auto& region = regions_[random_.below(regions_.size())];
        switch (random_.below(8)) {
            case 0:
                replace(region);
                break;
            case 1:
                region.protect(true);
                break;
            case 2:
                region.resize(1 + random_.below(most(region)));
                break;
            case 3:
                discard(region);
                break;
            case 4:
                share(region);
                break;
            case 5:
                add();
                break;
            default:
                write(region);
                break;
        }
    }

    // One in eight asks for 2 MiB pages; room for two whole ones lies in it wherever it begins.
    void add() {
        if (regions_.size() == kMostRegions) return;
        const bool huge = regions_.size() % 8 == 0;
        regions_.emplace_back(huge ? 3 * kHugePages : 1 + random_.below(kMostPages), huge);
        regions_.back().write(0, regions_.back().pages(), random_);
    }

    void replace(Region& region) {
        region.verify();
        region = Region(region.huge() ? 3 * kHugePages : 1 + random_.below(kMostPages), region.huge());
        write(region);
    }

    void write(Region& region) {
        const auto first = random_.below(region.pages());
        region.write(first, 1 + random_.below(region.pages() - first), random_);
    }

    void discard(Region& region) {
        const auto first = random_.below(region.pages());
        region.discard(first, 1 + random_.below(region.pages() - first));
    }

    // Parent and child write on what was one copy, and neither may see the other's writes.
    void share(Region& region) {
        const auto pid = static_cast<pid_t>(guest::check(fork(), "fork"));
        if (pid == 0) _exit(changed_apart(region) ? 0 : 1);
        write(region);
        region.verify();
        int status = 0;
        pid_t got = -1;
        do got = waitpid(pid, &status, 0);
        while (got < 0 && errno == EINTR);
        guest::check(got, "wait for the child that shares copy-on-write");
        guest::require(status == 0, "memory shared copy-on-write changed in the child, process ", pid,
                       "; its wait status is ", status);
        region.verify();
    }

    bool changed_apart(Region& region) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        try {
            random_ = Random(random_.next() + 1);  // other numbers than the parent's
            write(region);
            guest::sleep_ms(kChildMs);
            for (const auto& each : regions_) each.verify();
            return true;
        } catch (const guest::Failure&) {
            return false;
        }
    }

    std::vector<Region> regions_;
    Random random_{2};
    std::uint64_t verified_ = 0;
};

}  // namespace

std::unique_ptr<Worker> make_memory() {
    return std::make_unique<Memory>();
}

}  // namespace soak
