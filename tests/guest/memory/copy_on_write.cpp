// SPDX-License-Identifier: GPL-2.0-only
// Memory shared copy-on-write by a parent, two children and a grandchild: still shared, and still private on
// writing.
#include <unistd.h>

#include <memory>

#include "child.hpp"
#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

// Question "PAGE VALUE": writes VALUE into our copy of that page, answers what stood there.
std::string exchange(std::span<std::byte> range, const std::string& question) {
    std::istringstream words(question);
    std::size_t page = 0;
    unsigned value = 0;
    words >> page >> value;
    auto& byte = range[page * kPage];
    const auto old = static_cast<unsigned>(byte);
    byte = static_cast<std::byte>(value);
    return std::to_string(old);
}

class CopyOnWrite : public State {
  public:
    explicit CopyOnWrite(bool huge) : huge_(huge) {}

    void set_up() override {
        shared_ = map_apart(kSize, kHugePage);
        written_ = map_apart(kRounds * kPage);
        if (huge_) check(madvise(shared_.data(), shared_.size(), MADV_HUGEPAGE), "madvise");
        fill_pattern(shared_, 7);
        for (std::size_t i = 0; i < kRounds; ++i) written_[i * kPage] = kInitial;
        const auto answer = [this](const std::string& question) {
            if (question == "check") {
                require_pattern(shared_, 7, "the copy of process " + std::to_string(getpid()));
                return std::string();
            }
            return exchange(written_, question);
        };
        first_ = std::make_unique<Child>([answer] { return answer; });
        second_ = std::make_unique<Child>([answer]() -> Child::Answer {
            auto grandchild = std::make_shared<Child>([answer] { return answer; });
            return [answer, grandchild](const std::string& question) {
                if (question == "pid") return std::to_string(grandchild->pid());
                return question.starts_with("^") ? grandchild->ask(question.substr(1)) : answer(question);
            };
        });
        processes_[0] = getpid();
        processes_[1] = first_->pid();
        processes_[2] = second_->pid();
        processes_[3] = std::stoi(second_->ask("pid"));
    }

    void verify() override {
        for (const pid_t pid : processes_) {
            const auto resident = smaps_bytes(pid, shared_, "Rss"),
                       own_part = smaps_bytes(pid, shared_, "Pss");
            require(resident == kSize, "process ", pid, ": ", resident, " of ", kSize, " bytes are resident");
            require(own_part < kSize / 3, "process ", pid, " no longer shares: Pss ", own_part, " of ",
                    kSize);
        }
        require_pattern(shared_, 7, "the parent's copy");
        (void)first_->ask("check");
        (void)second_->ask("check");
        (void)second_->ask("^check");
        write_round();
    }

    void damage() override { fill_pattern(shared_, 8); }

  private:
    static constexpr std::size_t kSize = 4 << 20;
    static constexpr std::size_t kRounds = 64;
    static constexpr std::byte kInitial{200};

    // Each writes the page of this round; nobody may see what the others wrote.
    void write_round() {
        require(round_ < kRounds, "verified more than ", kRounds, " times");
        const std::string page = std::to_string(round_);
        const auto expected = std::to_string(static_cast<unsigned>(kInitial));
        const std::string seen[] = {exchange(written_, page + " 1"), first_->ask(page + " 2"),
                                    second_->ask(page + " 3"), second_->ask("^" + page + " 4")};
        for (const auto& value : seen) require(value == expected, "a write went through to another process");
        const std::string kept[] = {exchange(written_, page + " 1"), first_->ask(page + " 2"),
                                    second_->ask(page + " 3"), second_->ask("^" + page + " 4")};
        for (std::size_t i = 0; i < 4; ++i)
            require(kept[i] == std::to_string(i + 1), "process ", processes_[i], " lost what it wrote");
        ++round_;
    }

    bool huge_;
    std::span<std::byte> shared_, written_;
    std::unique_ptr<Child> first_, second_;
    pid_t processes_[4] = {};
    std::size_t round_ = 0;
};

NAP_GUEST_STATE("copy_on_write", CopyOnWrite, false);
NAP_GUEST_STATE("copy_on_write_huge", CopyOnWrite, true);

}  // namespace
}  // namespace guest
