// SPDX-License-Identifier: GPL-2.0-only
// Threads of which each puts itself into a state of its own and can tell of it, as only it can see it.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace guest {

// They last as long as their process.
class TellingThreads {
  public:
    using Enter = std::function<void()>;
    using Tell = std::function<std::string()>;

    explicit TellingThreads(Tell tell) : tell_(std::move(tell)) {}
    // Returns when it has entered its state; fails as it failed.
    void start(const std::string& name, Enter enter);
    // What each says, in the order of their start: "NAME: ...".
    std::vector<std::string> ask();
    // The first one does that, then ask() tells of what it made of its state.
    void order(const Enter& step);

  private:
    struct Thread {
        std::string name, answer;
        bool asked = false, entered = false;
    };
    void serve(Thread& thread, const Enter& enter);
    void await(std::unique_lock<std::mutex>& lock, const Thread& thread);

    Tell tell_;
    Enter step_;
    std::mutex mutex_;
    std::condition_variable asked_, answered_;
    std::list<Thread> threads_;
};

}  // namespace guest
