// SPDX-License-Identifier: GPL-2.0-only
// Files in memory (tmpfs) that have lost their name, and are too large to be copied.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.hpp"

namespace guest {
namespace {

int open_file(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0600), "open " + path));
}

void hold_deleted_large() {
    const std::string path = "/dev/shm/deleted_large";
    const int fd = open_file(path, O_RDWR | O_CREAT);
    require(posix_fallocate(fd, 0, 65 << 20) == 0, "posix_fallocate");
    check(unlink(path.c_str()), "unlink");
}

void hold_deleted_mapped() {
    const std::string path = "/dev/shm/deleted_mapped";
    const int fd = open_file(path, O_RDWR | O_CREAT);
    require(posix_fallocate(fd, 0, 65 << 20) == 0, "posix_fallocate");
    require(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED, "mmap");
    check(unlink(path.c_str()), "unlink");
    close(fd);
}

NAP_GUEST_HOLDER("deleted_large", hold_deleted_large);
NAP_GUEST_HOLDER("deleted_mapped", hold_deleted_mapped);

}  // namespace
}  // namespace guest
