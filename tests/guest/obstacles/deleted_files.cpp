// SPDX-License-Identifier: GPL-2.0-only
// Files in use that have lost their name, and cannot be copied.
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
    const std::string path = disk_directory("deleted_large") + "/file";
    const int fd = open_file(path, O_RDWR | O_CREAT);
    require(posix_fallocate(fd, 0, 65 << 20) == 0, "posix_fallocate");
    check(unlink(path.c_str()), "unlink");
}

void hold_deleted_mapped() {
    const std::string path = disk_directory("deleted_mapped") + "/file";
    const int fd = open_file(path, O_RDWR | O_CREAT);
    require(posix_fallocate(fd, 0, 65 << 20) == 0, "posix_fallocate");
    require(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED, "mmap");
    check(unlink(path.c_str()), "unlink");
    close(fd);
}

// Another name of the file is left.
void hold_deleted_linked() {
    const std::string path = disk_directory("deleted_linked") + "/file";
    open_file(path, O_RDWR | O_CREAT);
    check(link(path.c_str(), (path + ".other").c_str()), "link");
    check(unlink(path.c_str()), "unlink");
}

NAP_GUEST_HOLDER("deleted_large", hold_deleted_large);
NAP_GUEST_HOLDER("deleted_mapped", hold_deleted_mapped);
NAP_GUEST_HOLDER("deleted_linked", hold_deleted_linked);

}  // namespace
}  // namespace guest
