// SPDX-License-Identifier: GPL-2.0-only
// What System V IPC objects remember: creators, last users and times, also of processes that have ended;
// raised and lowered limits; shared memory that is locked, or goes with its last user; what a process's end
// undoes.
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "child.hpp"
#include "harness.hpp"
#include "namespaces/in_own_ipc.hpp"

namespace guest {
namespace {

constexpr unsigned long kRaised = 300'000, kLowered = 100;
constexpr std::size_t kBig = 8000;
constexpr int kSemaphores = 3;

struct Ids {
    int segment, removed, raised, lowered, set;
};

void operate(int set, unsigned short semaphore, short by, short flags) {
    sembuf operation{semaphore, by, flags};
    check(semop(set, &operation, 1), "semop");
}

void limit(int queue, unsigned long bytes) {
    msqid_ds information{};
    check(msgctl(queue, IPC_STAT, &information), "IPC_STAT");
    information.msg_qbytes = bytes;
    // Raising it takes a privilege that a container natively does not have.
    if (msgctl(queue, IPC_SET, &information) != 0) require(bytes == kRaised && errno == EPERM, "IPC_SET");
}

struct Message {
    long type = 0;
    char text[kBig] = {};
};

void send(int queue, long type) {
    const Message message{type, {}};
    check(msgsnd(queue, &message, kBig, IPC_NOWAIT), "msgsnd");
}

void receive(int queue) {
    Message message;
    check(msgrcv(queue, &message, kBig, 0, IPC_NOWAIT), "msgrcv");
}

std::string text_of(const ipc_perm& permissions) {
    std::ostringstream text;
    text << std::oct << permissions.mode << std::dec << ' ' << permissions.uid << ' ' << permissions.gid
         << ' ' << permissions.cuid << ' ' << permissions.cgid << " key " << permissions.__key;
    return text.str();
}

class SysvRemembered : public State {
  public:
    ~SysvRemembered() override {
        if (ids_ == nullptr) return;
        shmctl(ids_->segment, IPC_RMID, nullptr);
        msgctl(ids_->raised, IPC_RMID, nullptr);
        msgctl(ids_->lowered, IPC_RMID, nullptr);
        semctl(ids_->set, 0, IPC_RMID);
    }
    void set_up() override {
        void* const shared =
            mmap(nullptr, sizeof(Ids), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        require(shared != MAP_FAILED, "mmap");
        ids_ = new (shared) Ids{-1, -1, -1, -1, -1};
        in_process([this] {
            check(setegid(321), "setegid");
            check(seteuid(123), "seteuid");
            ids_->segment = shmget(IPC_PRIVATE, 100'000, IPC_CREAT | 0640);
            ids_->raised = msgget(IPC_PRIVATE, IPC_CREAT | 0622);
            ids_->lowered = msgget(IPC_PRIVATE, IPC_CREAT | 0622);
            ids_->set = semget(IPC_PRIVATE, kSemaphores, IPC_CREAT | 0604);
        });
        check(ids_->segment, "shmget");
        check(ids_->set, "semget");
        set_up_segments();
        set_up_queues();
        in_process([this] { operate(ids_->set, 0, 7, 0); });
        operate(ids_->set, 1, 30'000, 0);
        hold();
        sleep_ms(1100);  // so that what happens from here on has another time
        before_ = described();
    }
    void verify() override {
        require(described() == before_, "System V objects are now\n", described(), "and were\n", before_);
        require(value(2) == 7 && value(1) == 30'002, "semaphores are ", value(1), " and ", value(2));
        holder_.reset();
        require(value(2) == 10 && value(1) == 30'000, "semaphores are ", value(1), " and ", value(2),
                " after the holder's end");
        operate(ids_->set, 2, -10, 0);
        hold();
        before_ = described();
    }
    void damage() override { operate(ids_->set, 1, -1, 0); }

  private:
    void set_up_segments() {
        void* const memory = shmat(ids_->segment, nullptr, 0);
        require(memory != reinterpret_cast<void*>(-1), "shmat");
        in_process([&] { shmdt(memory); });
        check(shmdt(memory), "shmdt");
        in_process([this] { shmat(ids_->segment, nullptr, SHM_RDONLY); });
        check(shmctl(ids_->segment, SHM_LOCK, nullptr), "SHM_LOCK");
        ids_->removed = static_cast<int>(check(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), "shmget"));
        require(shmat(ids_->removed, nullptr, 0) != reinterpret_cast<void*>(-1), "shmat");
        check(shmctl(ids_->removed, IPC_RMID, nullptr), "IPC_RMID");
    }
    void set_up_queues() {
        limit(ids_->raised, kRaised);
        for (int i = 0; i < 2; ++i) send(ids_->raised, 5 + i);
        in_process([this] { receive(ids_->raised); });
        in_process([this] { send(ids_->lowered, 1); });
        limit(ids_->lowered, kLowered);
    }
    // A process whose end gives 3 to one semaphore and takes 2 from another.
    void hold() {
        holder_ = std::make_unique<Child>([this] {
            operate(ids_->set, 2, 10, 0);
            operate(ids_->set, 2, -3, SEM_UNDO);
            operate(ids_->set, 1, 2, SEM_UNDO);
            return [](const std::string&) { return std::string("held"); };
        });
        require(holder_->ask("well?") == "held", "the holder does not answer");
    }
    [[nodiscard]] int value(int semaphore) const {
        return static_cast<int>(check(semctl(ids_->set, semaphore, GETVAL), "GETVAL"));
    }
    [[nodiscard]] std::string described() const {
        std::ostringstream text;
        for (const int id : {ids_->segment, ids_->removed}) {
            shmid_ds ds{};
            check(shmctl(id, IPC_STAT, &ds), "IPC_STAT of shared memory");
            text << text_of(ds.shm_perm) << " pids " << ds.shm_cpid << ' ' << ds.shm_lpid << " times "
                 << ds.shm_atime << ' ' << ds.shm_dtime << ' ' << ds.shm_ctime << " attached "
                 << ds.shm_nattch << '\n';
        }
        for (const int id : {ids_->raised, ids_->lowered}) {
            msqid_ds ds{};
            check(msgctl(id, IPC_STAT, &ds), "IPC_STAT of a queue");
            text << text_of(ds.msg_perm) << " pids " << ds.msg_lspid << ' ' << ds.msg_lrpid << " times "
                 << ds.msg_stime << ' ' << ds.msg_rtime << ' ' << ds.msg_ctime << " messages " << ds.msg_qnum
                 << " of " << ds.msg_qbytes << " bytes\n";
        }
        semid_ds ds{};
        check(semctl(ids_->set, 0, IPC_STAT, &ds), "IPC_STAT of semaphores");
        text << text_of(ds.sem_perm) << " times " << ds.sem_otime << ' ' << ds.sem_ctime;
        for (int i = 0; i < kSemaphores; ++i) text << " pid " << semctl(ids_->set, i, GETPID);
        text << '\n';
        return text.str();
    }

    Ids* ids_ = nullptr;
    std::unique_ptr<Child> holder_;
    std::string before_;
};

NAP_GUEST_STATE("sysv_remembered", SysvRemembered);
NAP_GUEST_STATE("sysv_remembered_apart", InOwnIpc<SysvRemembered>);

}  // namespace
}  // namespace guest
