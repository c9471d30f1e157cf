// SPDX-License-Identifier: GPL-2.0-only
// POSIX message queues: one that nobody has open, open ones with and without a name, messages by priority,
// and who is to be notified, by signal and by thread.
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "harness.hpp"
#include "namespaces/in_own_ipc.hpp"

namespace guest {
namespace {

constexpr const char *kClosed = "/nap-test-closed", *kWatched = "/nap-test-watched",
                     *kThread = "/nap-test-thread", *kNameless = "/nap-test-nameless";
constexpr int kSignal = 40, kValue = 0x5eed;  // one of the real-time ones
constexpr long kSize = 8192;

std::atomic<int> woken{0};

void wake(union sigval value) {
    if (value.sival_int == kValue) ++woken;
}

class MessageQueues : public State {
  public:
    ~MessageQueues() override {
        for (const char* name : {kClosed, kWatched, kThread, kNameless}) mq_unlink(name);
    }
    void set_up() override {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, kSignal);
        check(sigprocmask(SIG_BLOCK, &one, nullptr), "sigprocmask");
        const mqd_t closed = make(kClosed, O_RDWR, 8, kSize);
        send_all(closed);
        check(fchmod(closed, 0620), "fchmod");
        check(fchown(closed, 1234, 4321), "fchown");
        check(mq_close(closed), "mq_close");
        nameless_ = make(kNameless, O_RDWR | O_NONBLOCK, 3, 16);
        check(mq_unlink(kNameless), "mq_unlink");
        check(mq_send(nameless_, "one", 3, 1), "mq_send");
        watched_ = make(kWatched, O_RDWR | O_NONBLOCK, 3, 16);
        thread_ = make(kThread, O_RDWR | O_NONBLOCK, 3, 16);
        ask();
    }
    void verify() override {
        const mqd_t closed = static_cast<mqd_t>(check(mq_open(kClosed, O_RDWR | O_NONBLOCK), "mq_open"));
        struct stat st {};
        check(fstat(closed, &st), "fstat");
        require((st.st_mode & 07777) == 0620 && st.st_uid == 1234 && st.st_gid == 4321,
                "owner or mode changed");
        mq_attr attributes{};
        check(mq_getattr(closed, &attributes), "mq_getattr");
        require(attributes.mq_maxmsg == 8 && attributes.mq_msgsize == kSize && attributes.mq_curmsgs == 4,
                "the queue has ", attributes.mq_curmsgs, " messages of ", attributes.mq_msgsize,
                " bytes at most");
        for (const unsigned priority : {9U, 5U, 5U, 0U}) receive(closed, priority);
        send_all(closed);
        check(mq_close(closed), "mq_close");

        check(mq_getattr(nameless_, &attributes), "mq_getattr of the nameless");
        require(attributes.mq_flags == O_NONBLOCK && attributes.mq_curmsgs == 1,
                "the nameless queue changed");
        verify_notification();
        ask();
    }
    void damage() override { check(mq_unlink(kClosed), "mq_unlink"); }

  private:
    static mqd_t make(const char* name, int flags, long messages, long size) {
        mq_unlink(name);
        mq_attr attributes{};
        attributes.mq_maxmsg = messages;
        attributes.mq_msgsize = size;
        return static_cast<mqd_t>(
            check(mq_open(name, flags | O_CREAT | O_EXCL, 0600, &attributes), "mq_open"));
    }
    static std::string text_of(unsigned priority, std::size_t size) {
        return pattern_text(size, priority * 1000 + size);
    }
    void send_all(mqd_t queue) {
        for (const auto& [priority, size] : {std::pair{5U, 10}, {0U, 0}, {9U, int{kSize}}, {5U, 5000}})
            check(mq_send(queue, text_of(priority, size).data(), size, priority), "mq_send");
    }
    void receive(mqd_t queue, unsigned expected) {
        std::string text(kSize, '\0');
        unsigned priority = 99;
        const long size = check(mq_receive(queue, text.data(), text.size(), &priority), "mq_receive");
        text.resize(static_cast<std::size_t>(size));
        require(priority == expected, "a message of priority ", priority, " came, expected ", expected);
        require(text == text_of(priority, text.size()), "a message of ", size, " bytes changed");
        if (expected == 5) {
            require(size == (first_ ? 10 : 5000), "messages of one priority came out of order");
            first_ = !first_;
        }
    }
    void ask() {
        sigevent signal{};
        signal.sigev_notify = SIGEV_SIGNAL;
        signal.sigev_signo = kSignal;
        signal.sigev_value.sival_int = kValue;
        check(mq_notify(watched_, &signal), "mq_notify");
        sigevent thread{};
        thread.sigev_notify = SIGEV_THREAD;
        thread.sigev_notify_function = wake;
        thread.sigev_value.sival_int = kValue;
        check(mq_notify(thread_, &thread), "mq_notify");
    }
    void verify_notification() {
        std::array<char, 16> text{};
        check(mq_send(watched_, "wake", 4, 0), "mq_send");
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, kSignal);
        const timespec limit{2, 0};
        siginfo_t info{};
        check(sigtimedwait(&one, &info, &limit), "the signal of a queue");
        require(info.si_code == SI_MESGQ && info.si_value.sival_int == kValue,
                "the signal has another value");
        check(mq_receive(watched_, text.data(), text.size(), nullptr), "mq_receive");
        const int before = woken;
        check(mq_send(thread_, "wake", 4, 0), "mq_send");
        for (int i = 0; woken == before; ++i) {
            require(i < 200, "no thread was started for a message");
            sleep_ms(10);
        }
        check(mq_receive(thread_, text.data(), text.size(), nullptr), "mq_receive");
    }

    mqd_t nameless_ = -1, watched_ = -1, thread_ = -1;
    bool first_ = true;
};

NAP_GUEST_STATE("message_queues", MessageQueues);
// Of the same names, in an IPC namespace of its own
NAP_GUEST_STATE("message_queues_apart", InOwnIpc<MessageQueues>);

}  // namespace
}  // namespace guest
