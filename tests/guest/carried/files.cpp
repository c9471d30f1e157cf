// SPDX-License-Identifier: GPL-2.0-only
// Files and segments without a name, and leases.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.hpp"

namespace guest {
namespace {

int open_file(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0600), "open " + path));
}

void hold_temporary_file() {
    const int fd = open_file(disk_directory("temporary"), O_RDWR | O_TMPFILE);
    write_exactly(fd, "text", "file");
}

void hold_deleted_directory() {
    const std::string path = disk_directory("deleted_cwd") + "/folder";
    check(mkdir(path.c_str(), 0700), "mkdir");
    check(chdir(path.c_str()), "chdir");
    check(rmdir(path.c_str()), "rmdir");
}

void hold_lease() {
    const std::string path = disk_directory("lease") + "/file";
    close(open_file(path, O_RDWR | O_CREAT));
    check(fcntl(open_file(path, O_RDONLY), F_SETLEASE, F_RDLCK), "F_SETLEASE");
}

void hold_shared_segment_marked_deleted() {
    const int id = static_cast<int>(check(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), "shmget"));
    void* at = shmat(id, nullptr, 0);
    require(at != reinterpret_cast<void*>(-1), "shmat");
    *static_cast<char*>(at) = 'x';
    check(shmctl(id, IPC_RMID, nullptr), "IPC_RMID");
}

// Without a name from then on: a queue with one would outlive its process.
void hold_queue() {
    check(mq_open("/nap-test", O_RDWR | O_CREAT, 0600, nullptr), "mq_open");
    check(mq_unlink("/nap-test"), "mq_unlink");
}

NAP_GUEST_HOLDER("temporary_file", hold_temporary_file);
NAP_GUEST_HOLDER("deleted_cwd", hold_deleted_directory);
NAP_GUEST_HOLDER("lease", hold_lease);
NAP_GUEST_HOLDER("sysv_deleted", hold_shared_segment_marked_deleted);
NAP_GUEST_HOLDER("mqueue", hold_queue);

}  // namespace
}  // namespace guest
