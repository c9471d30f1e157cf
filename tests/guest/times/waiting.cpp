// SPDX-License-Identifier: GPL-2.0-only
// Threads and processes that wait: in futexes, and in calls that must go on waiting as if nothing had been.
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "child.hpp"
#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

void require_within(int milliseconds, const std::function<bool()>& condition, const std::string& what) {
    for (int waited = 0; waited < milliseconds; waited += 10) {
        if (condition()) return;
        sleep_ms(10);
    }
    fail(what);
}

// Threads that wait for a condition, for a mutex another thread holds, and with priority inheritance.
class Futexes : public State {
  public:
    void set_up() override {
        pthread_mutexattr_t inherit;
        pthread_mutexattr_init(&inherit);
        pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
        pthread_mutex_init(&inheriting_, &inherit);
        std::thread([this] { wait_for_turns(); }).detach();
        std::thread([this] { hold_and_release(); }).detach();
        std::thread([this] { wait_for_holder(); }).detach();
        sleep_ms(200);
    }
    void verify() override {
        require(!early_, "a wait ended although nobody had ended it");
        const int turns = turns_;
        {
            const std::scoped_lock lock(mutex_);
            ++wanted_;
        }
        condition_.notify_one();
        require_within(
            5000, [&] { return turns_ == turns + 1; }, "the thread waiting for a condition does not wake");
        const int rounds = rounds_;
        sem_post(&release_);
        require_within(
            5000, [&] { return rounds_ == rounds + 1; }, "the thread waiting for a mutex does not get it");
        sleep_ms(200);
    }
    void damage() override { early_ = true; }

  private:
    void wait_for_turns() {
        std::unique_lock lock(mutex_);
        for (;;) {
            condition_.wait(lock, [this] { return wanted_ > turns_; });
            ++turns_;
        }
    }
    // Holds both mutexes until told; the other thread waits for them meanwhile.
    void hold_and_release() {
        for (;;) {
            pthread_mutex_lock(&inheriting_);
            plain_.lock();
            held_ = true;
            while (sem_wait(&release_) < 0 && errno == EINTR) {
            }
            held_ = false;
            plain_.unlock();
            pthread_mutex_unlock(&inheriting_);
            while (!passed_.exchange(false)) sleep_ms(1);
        }
    }
    void wait_for_holder() {
        for (;;) {
            while (!held_) sleep_ms(1);
            if (pthread_mutex_lock(&inheriting_) != 0 || held_) early_ = true;
            pthread_mutex_unlock(&inheriting_);
            plain_.lock();
            plain_.unlock();
            ++rounds_;
            passed_ = true;
        }
    }

    std::mutex mutex_, plain_;
    std::condition_variable condition_;
    std::atomic<int> wanted_ = 0, turns_ = 0, rounds_ = 0;
    pthread_mutex_t inheriting_{};
    sem_t release_{};
    std::atomic<bool> held_ = false, passed_ = false, early_ = false;
};

// A mutex shared by processes whose holder dies: the next one is told.
class RobustMutex : public State {
  public:
    void set_up() override {
        const auto memory = map(kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
        mutex_ = reinterpret_cast<pthread_mutex_t*>(memory.data());
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(mutex_, &attributes);
        new_holder();
    }
    void verify() override {
        require(pthread_mutex_trylock(mutex_) == EBUSY, "the mutex is free although its holder lives");
        holder_.reset();
        const int result = pthread_mutex_lock(mutex_);
        require(result == EOWNERDEAD, "the holder's death is not told: ", std::strerror(result));
        pthread_mutex_consistent(mutex_);
        pthread_mutex_unlock(mutex_);
        new_holder();
    }
    void damage() override { (void)holder_->ask("unlock"); }

  private:
    void new_holder() {
        holder_ = std::make_unique<Child>([this] {
            pthread_mutex_lock(mutex_);
            return [this](const std::string&) {
                pthread_mutex_unlock(mutex_);
                return std::string();
            };
        });
    }
    pthread_mutex_t* mutex_ = nullptr;
    std::unique_ptr<Child> holder_;
};

// One thread in each call; none may return before what it waits for happens.
class BlockedCalls : public State {
  public:
    void set_up() override {
        check(pipe(pipe_.data()), "pipe");
        check(pipe(selected_.data()), "pipe");
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), "socketpair");
        start("read", [this] { return read_byte(pipe_[0]); });
        start("recv", [this] {
            char byte = 0;
            return recv(sockets_[0], &byte, 1, 0) == 1;
        });
        start("select", [this] {
            fd_set set;
            FD_ZERO(&set);
            FD_SET(selected_[0], &set);
            return select(selected_[0] + 1, &set, nullptr, nullptr, nullptr) == 1 && read_byte(selected_[0]);
        });
        start("waitpid", [this] {
            const pid_t pid = fork();
            if (pid == 0) {
                // The thread that forked never ends before its process.
                Child::end_with_parent();
                for (;;) pause();
            }
            waited_for_ = pid;
            int status = 0;
            return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
        });
        sleep_ms(200);
    }
    void verify() override {
        for (const auto& call : calls_) {
            require(call.failed == 0, call.name, " ended although nothing had happened");
            require(call.returned == rounds_, call.name, " returned ", call.returned.load(),
                    " times, expected ", rounds_);
        }
        write_exactly(pipe_[1], "x", "pipe");
        write_exactly(selected_[1], "x", "pipe");
        write_exactly(sockets_[1], "x", "socket");
        check(kill(waited_for_, SIGTERM), "kill");
        ++rounds_;
        for (const auto& call : calls_)
            require_within(
                5000, [&] { return call.returned == rounds_; }, std::string(call.name) + " does not return");
        sleep_ms(200);
    }
    void damage() override { write_exactly(pipe_[1], "x", "pipe"), sleep_ms(100); }

  private:
    struct Call {
        const char* name = "";
        std::atomic<int> returned = 0, failed = 0;
    };
    static bool read_byte(int fd) {
        char byte = 0;
        return read(fd, &byte, 1) == 1;
    }
    template <class Body>
    void start(const char* name, Body body) {
        Call& call = calls_[started_++];
        call.name = name;
        std::thread([&call, body] {
            for (;;) {
                if (!body()) ++call.failed;
                ++call.returned;
            }
        }).detach();
    }

    std::array<int, 2> pipe_{}, selected_{}, sockets_{};
    std::atomic<pid_t> waited_for_ = 0;
    std::array<Call, 4> calls_;
    std::size_t started_ = 0;
    int rounds_ = 0;
};

NAP_GUEST_STATE("futexes", Futexes);
NAP_GUEST_STATE("robust_mutex", RobustMutex);
NAP_GUEST_STATE("blocked_calls", BlockedCalls);

}  // namespace
}  // namespace guest
