// SPDX-License-Identifier: GPL-2.0-only
#include "tasks/telling_threads.hpp"

#include <chrono>
#include <utility>

#include "harness.hpp"

namespace guest {

namespace {
constexpr std::chrono::seconds kPatience{10};
}  // namespace

void TellingThreads::serve(Thread& thread, const Enter& enter) {
    std::string said;
    try {
        enter();
    } catch (const Failure& failure) {
        said = "failed: " + failure.reason;
    }
    std::unique_lock lock(mutex_);
    thread.answer = said;
    thread.entered = true;
    answered_.notify_all();
    for (;;) {
        asked_.wait(lock, [&] { return thread.asked; });
        const Enter step = &thread == &threads_.front() ? std::exchange(step_, nullptr) : nullptr;
        lock.unlock();
        if (step) step();
        const std::string answer = tell_();
        lock.lock();
        thread.answer = answer;
        thread.asked = false;
        answered_.notify_all();
    }
}

void TellingThreads::start(const std::string& name, Enter enter) {
    std::unique_lock lock(mutex_);
    Thread& thread = threads_.emplace_back(Thread{name, {}});
    std::thread([this, &thread, enter = std::move(enter)] { serve(thread, enter); }).detach();
    require(answered_.wait_for(lock, kPatience, [&] { return thread.entered; }), name, " does not start");
    require(thread.answer.empty(), name, " ", thread.answer);
}

void TellingThreads::await(std::unique_lock<std::mutex>& lock, const Thread& thread) {
    require(answered_.wait_for(lock, kPatience, [&] { return !thread.asked; }), thread.name,
            " does not answer");
}

std::vector<std::string> TellingThreads::ask() {
    std::unique_lock lock(mutex_);
    std::vector<std::string> all;
    for (auto& thread : threads_) {
        thread.asked = true;
        asked_.notify_all();
        await(lock, thread);
        all.push_back(thread.name + ": " + thread.answer);
    }
    return all;
}

void TellingThreads::order(const Enter& step) {
    {
        const std::lock_guard lock(mutex_);
        step_ = step;
    }
    (void)ask();
}

}  // namespace guest
