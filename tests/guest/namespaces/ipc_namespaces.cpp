// SPDX-License-Identifier: GPL-2.0-only
// IPC namespaces of a process's own that hold nothing: who shares one, their limits, where ids go on, and the
// file system of their message queues.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "child.hpp"
#include "harness.hpp"
#include "namespaces/told.hpp"

namespace guest {
namespace {

constexpr const char *kLimit = "/proc/sys/kernel/msgmax", *kQueues = "/dev/mqueue";
constexpr key_t kKey = 0x4e617054;

std::string limit() {
    return read_text(kLimit);
}

// A segment that is there for a moment: its id.
std::string passing_id() {
    const int id = static_cast<int>(check(shmget(kKey, 4096, IPC_CREAT | IPC_EXCL | 0600), "shmget"));
    check(shmctl(id, IPC_RMID, nullptr), "IPC_RMID");
    return std::to_string(id);
}

std::string sees(key_t key) {
    return semget(key, 1, 0) >= 0 ? "yes" : "no";
}

// A queue made by its name shows where the queues are mounted: those of this process's namespace.
std::string queue_shows() {
    const mqd_t queue = mq_open("/nap-test-shown", O_RDWR | O_CREAT | O_EXCL, 0600, nullptr);
    require(queue >= 0, "mq_open");
    struct stat information {};
    const bool shown = stat("/dev/mqueue/nap-test-shown", &information) == 0;
    mq_unlink("/nap-test-shown");
    mq_close(queue);
    return shown ? "yes" : "no";
}

Child::Answer answers() {
    return [](const std::string& question) {
        if (question == "limit") return limit();
        if (question == "id") return passing_id();
        if (question == "queue shows") return queue_shows();
        if (question == "make set") return std::to_string(check(semget(kKey, 1, IPC_CREAT | 0600), "semget"));
        if (question == "remove set") return std::to_string(semctl(semget(kKey, 1, 0), 0, IPC_RMID));
        if (question == "damage") return write_text(kLimit, "4321"), std::string();
        return sees(kKey);
    };
}

class IpcNamespaces : public State {
  public:
    void set_up() override {
        outside_ = limit();
        founder_ = std::make_unique<Child>([&] {
            check(unshare(CLONE_NEWIPC | CLONE_NEWNS), "unshare");
            check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make private");
            if (mkdir(kQueues, 0755) != 0) require(errno == EEXIST, "mkdir");
            check(mount("mqueue", kQueues, "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
                  "mount mqueue");
            write_text(kLimit, "7777");
            return answers();
        });
        const std::string apart = "/proc/" + std::to_string(founder_->pid()) + "/ns/ipc";
        joined_ = std::make_unique<Child>([&] {
            enter_namespace(apart);
            for (int i = 0; i < 2; ++i) std::thread(sleep_for_ever).detach();
            return answers();
        });
        kept_ = static_cast<int>(check(open(apart.c_str(), O_RDONLY | O_CLOEXEC), "open"));
        for (int i = 0; i < 5; ++i) last_ = std::stol(founder_->ask("id"));
    }

    void verify() override {
        const auto ours = namespace_of(getpid(), "ipc"), theirs = namespace_of(founder_->pid(), "ipc");
        require(theirs != ours, "the machine's and that apart are one");
        require(namespace_behind(kept_) == theirs, "the descriptor leads elsewhere");
        for (const auto each : namespaces_of_threads(joined_->pid(), "ipc"))
            require(each == theirs, "a thread of who joined it is not in it");
        require(founder_->ask("limit") == joined_->ask("limit"), "two limits in one namespace");
        require(std::stoi(founder_->ask("limit")) == 7777, "its limit is ", founder_->ask("limit"));
        require(limit() == outside_, "the machine's limit is ", limit());
        require(founder_->ask("queue shows") == "yes", "its file system of queues is another's");
        (void)founder_->ask("make set");
        const std::string seen = joined_->ask("sees"), seen_outside = sees(kKey);
        (void)joined_->ask("remove set");
        require(seen == "yes", "who joined it does not see what it holds");
        require(seen_outside == "no", "the machine sees what it holds");
        const long id = std::stol(founder_->ask("id"));
        require(id > last_, "ids begin anew: ", id, " after ", last_);
        last_ = id;
    }
    void damage() override { (void)founder_->ask("damage"); }

  private:
    std::unique_ptr<Child> founder_, joined_;
    std::string outside_;
    long last_ = 0;
    int kept_ = -1;
};

NAP_GUEST_STATE("ipc_namespaces", IpcNamespaces);

}  // namespace
}  // namespace guest
