// SPDX-License-Identifier: GPL-2.0-only
// Two processes take turns on shared memory: each checks all that the other wrote, then writes it anew.
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <new>

#include "guest/harness.hpp"
#include "guest/memory/mapping.hpp"
#include "pages.hpp"
#include "worker.hpp"

namespace soak {
namespace {

constexpr std::size_t kPages = 32;
constexpr const char* kName = "/nap-soak";
constexpr time_t kPatienceSeconds = 120;

// In shared memory: whose turn it is, and what the other side has to say once it has failed.
struct Table {
    sem_t to_parent, to_child;
    char failure[512];
};

// One area of each sort that two processes can share by a descriptor.
struct Areas {
    std::span<std::byte> memory_file, named;

    static std::span<std::byte> of(int fd) {
        guest::check(ftruncate(fd, kPages * guest::kPage), "ftruncate");
        return guest::map(kPages * guest::kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    }
    void write(std::uint64_t turn) const {
        for (std::size_t i = 0; i < kPages; ++i) {
            fill_page(memory_file.subspan(i * guest::kPage, guest::kPage), 2 * (turn * kPages + i) + 1);
            fill_page(named.subspan(i * guest::kPage, guest::kPage), 2 * (turn * kPages + i) + 2);
        }
    }
    void require(std::uint64_t turn) const {
        const auto what = "turn " + std::to_string(turn) + " of ";
        for (std::size_t i = 0; i < kPages; ++i) {
            require_page(memory_file.subspan(i * guest::kPage, guest::kPage), 2 * (turn * kPages + i) + 1,
                         what + "the memory file");
            require_page(named.subspan(i * guest::kPage, guest::kPage), 2 * (turn * kPages + i) + 2,
                         what + "the named memory");
        }
    }
};

void await(sem_t& turn) {
    timespec until{};
    guest::check(clock_gettime(CLOCK_MONOTONIC, &until), "clock_gettime");
    until.tv_sec += kPatienceSeconds;
    int result = 0;
    do result = sem_clockwait(&turn, CLOCK_MONOTONIC, &until);
    while (result < 0 && errno == EINTR);
    guest::check(result, "wait for the other process' turn");
}

class Shared : public Worker {
  public:
    void set_up() override {
        areas_.memory_file =
            Areas::of(static_cast<int>(guest::check(memfd_create("nap-soak", MFD_CLOEXEC), "memfd_create")));
        shm_unlink(kName);
        areas_.named = Areas::of(static_cast<int>(
            guest::check(shm_open(kName, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "shm_open")));
        table_ =
            new (guest::map(guest::kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS).data()) Table{};
        guest::check(sem_init(&table_->to_parent, 1, 0), "sem_init");
        guest::check(sem_init(&table_->to_child, 1, 0), "sem_init");
        areas_.write(turn_);
        if (guest::check(fork(), "fork") == 0) answer();
    }

    void round() override {
        sem_post(&table_->to_child);
        await(table_->to_parent);
        guest::require(table_->failure[0] == '\0', "the other process: ", table_->failure);
        ++turn_;
        take_turn();
    }

    [[nodiscard]] std::uint64_t done() const override { return turn_; }

  private:
    void take_turn() {
        areas_.require(turn_);
        areas_.write(++turn_);
    }

    [[noreturn]] void answer() {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        try {
            for (;; ++turn_) {
                await(table_->to_child);
                take_turn();
                sem_post(&table_->to_parent);
            }
        } catch (const guest::Failure& failure) {
            std::strncpy(table_->failure, failure.reason.c_str(), sizeof table_->failure - 1);
            sem_post(&table_->to_parent);
        }
        _exit(1);
    }

    Areas areas_;
    Table* table_ = nullptr;
    std::uint64_t turn_ = 0;
};

}  // namespace

std::unique_ptr<Worker> make_shared() {
    return std::make_unique<Shared>();
}

}  // namespace soak
