// SPDX-License-Identifier: GPL-2.0-only
// Memory two processes share, by each of the ways there are; still shared afterwards, in both directions.
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "child.hpp"
#include "harness.hpp"
#include "memory/mapping.hpp"
#include "namespaces/in_own_ipc.hpp"

namespace guest {
namespace {

constexpr std::size_t kSize = 1 << 20;
constexpr const char* kShmPath = "/dev/shm/nap-test-shared";

// Where the memory comes from; verify() checks what is particular to it.
class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;
    virtual std::span<std::byte> open() = 0;
    virtual void verify(std::span<const std::byte>) {}
};

class Anonymous : public Source {
  public:
    std::span<std::byte> open() override {
        return map(kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
    }
};

class MemoryFile : public Source {
  public:
    std::span<std::byte> open() override {
        fd_ = static_cast<int>(
            check(memfd_create("nap test", MFD_ALLOW_SEALING | MFD_CLOEXEC), "memfd_create"));
        check(ftruncate(fd_, kSize), "ftruncate");
        check(fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK), "seal");
        return map(kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd_);
    }
    void verify(std::span<const std::byte> range) override {
        require(fcntl(fd_, F_GET_SEALS) == F_SEAL_SHRINK, "the memfd's seals changed");
        std::string bytes(kSize, '\0');
        require(pread(fd_, bytes.data(), kSize, 0) == static_cast<long>(kSize), "the memfd cannot be read");
        require(std::ranges::equal(std::as_bytes(std::span(bytes)), range), "descriptor and mapping differ");
    }

  private:
    int fd_ = -1;
};

class TmpfsFile : public Source {
  public:
    explicit TmpfsFile(bool unlinked) : unlinked_(unlinked) {}
    std::span<std::byte> open() override {
        const std::string path = std::string(kShmPath) + (unlinked_ ? "-unlinked" : "");
        const int fd =
            static_cast<int>(check(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), path));
        check(ftruncate(fd, kSize), "ftruncate");
        const auto range = map(kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
        if (unlinked_) check(unlink(path.c_str()), "unlink");
        close(fd);
        return range;
    }
    void verify(std::span<const std::byte> range) override {
        if (unlinked_) return;
        const std::string bytes = read_text(kShmPath);
        require(std::ranges::equal(std::as_bytes(std::span(bytes)), range), "file and mapping differ");
    }

  private:
    bool unlinked_;
};

class SystemV : public Source {
  public:
    std::span<std::byte> open() override {
        const int old = shmget(kKey, 0, 0);
        if (old >= 0) shmctl(old, IPC_RMID, nullptr);
        id_ = static_cast<int>(check(shmget(kKey, kSize, IPC_CREAT | 0600), "shmget"));
        void* at = shmat(id_, nullptr, 0);
        require(at != reinterpret_cast<void*>(-1), "shmat");
        return {static_cast<std::byte*>(at), kSize};
    }
    void verify(std::span<const std::byte>) override {
        require(check(shmget(kKey, 0, 0), "shmget") == id_, "the segment has another id");
        shmid_ds segment{};
        check(shmctl(id_, IPC_STAT, &segment), "shmctl");
        require(segment.shm_nattch == 2, segment.shm_nattch, " processes are attached, not 2");
        require((segment.shm_perm.mode & 0777) == 0600, "the segment's mode changed");
    }

  private:
    static constexpr key_t kKey = 0x6e617001;
    int id_ = -1;
};

class Shared : public State {
  public:
    explicit Shared(std::unique_ptr<Source> source, std::uint64_t seed = 9)
        : source_(std::move(source)), seed_(seed) {}

    void set_up() override {
        range_ = source_->open();
        fill_pattern(range_, seed_);
        child_ = std::make_unique<Child>([this] {
            return [this](const std::string& seed) {
                require_pattern(range_, std::stoul(seed), "the child's view");
                fill_pattern(range_, std::stoul(seed) + 1);
                return std::string();
            };
        });
    }
    // Both see what was there, and each what the other writes.
    void verify() override {
        require_pattern(range_, seed_, "shared memory");
        source_->verify(range_);
        (void)child_->ask(std::to_string(seed_));
        require_pattern(range_, seed_ + 1, "shared memory written by the child");
        ++seed_;
    }
    void damage() override { range_[kSize - 1] ^= std::byte{1}; }

  private:
    std::unique_ptr<Source> source_;
    std::span<std::byte> range_;
    std::unique_ptr<Child> child_;
    std::uint64_t seed_;
};

// System V semaphores and messages that wait.
class SystemVQueues : public State {
  public:
    void set_up() override {
        semaphore_ = static_cast<int>(check(semget(IPC_PRIVATE, 2, 0600), "semget"));
        check(semctl(semaphore_, 0, SETVAL, 5), "semctl");
        check(semctl(semaphore_, 1, SETVAL, 0), "semctl");
        queue_ = static_cast<int>(check(msgget(IPC_PRIVATE, 0600), "msgget"));
        send();
    }
    void verify() override {
        require(check(semctl(semaphore_, 0, GETVAL), "semctl") == 5, "a semaphore's value changed");
        require(check(semctl(semaphore_, 1, GETVAL), "semctl") == 0, "a semaphore's value changed");
        for (long type = 1; type <= 3; ++type) {
            Message message{};
            const auto size = check(msgrcv(queue_, &message, sizeof message.text, 0, IPC_NOWAIT), "msgrcv");
            require(message.type == type, "message ", type, " has type ", message.type);
            require(std::string(message.text, static_cast<std::size_t>(size)) == text(type), "message ", type,
                    " changed");
        }
        send();
    }
    void damage() override { check(semctl(semaphore_, 0, SETVAL, 6), "semctl"); }
    ~SystemVQueues() override {
        semctl(semaphore_, 0, IPC_RMID);
        msgctl(queue_, IPC_RMID, nullptr);
    }

  private:
    struct Message {
        long type;
        char text[64];
    };
    static std::string text(long type) { return pattern_text(static_cast<std::size_t>(10 * type), 50); }
    void send() const {
        for (long type = 1; type <= 3; ++type) {
            Message message{type, {}};
            text(type).copy(message.text, sizeof message.text);
            check(msgsnd(queue_, &message, text(type).size(), 0), "msgsnd");
        }
    }
    int semaphore_ = -1, queue_ = -1;
};

NAP_GUEST_STATE("shared_anonymous", Shared, std::make_unique<Anonymous>());
NAP_GUEST_STATE("shared_memfd", Shared, std::make_unique<MemoryFile>());
NAP_GUEST_STATE("shared_tmpfs_file", Shared, std::make_unique<TmpfsFile>(false));
NAP_GUEST_STATE("shared_tmpfs_unlinked", Shared, std::make_unique<TmpfsFile>(true));
NAP_GUEST_STATE("shared_sysv", Shared, std::make_unique<SystemV>());
// The same, with the same keys and ids, in an IPC namespace of its own
NAP_GUEST_STATE("shared_sysv_apart", InOwnIpc<Shared>, std::make_unique<SystemV>(), 1009);
NAP_GUEST_STATE("sysv_queues", SystemVQueues);
NAP_GUEST_STATE("sysv_queues_apart", InOwnIpc<SystemVQueues>);

}  // namespace
}  // namespace guest
