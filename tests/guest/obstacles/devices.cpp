// SPDX-License-Identifier: GPL-2.0-only
// Devices, open or mapped.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

std::string device(const char* name, mode_t kind, unsigned major, unsigned minor) {
    const std::string path = std::string("/dev/nap-test-") + name;
    unlink(path.c_str());
    check(mknod(path.c_str(), kind | 0600, makedev(major, minor)), "mknod");
    return path;
}

int open_device(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_NOCTTY | O_CLOEXEC), "open " + path));
}

// The text screen's memory: its page frames belong to no kernel.
void hold_device_memory() {
    constexpr off_t kScreen = 0xb8000;
    const int fd = open_device(device("screen", S_IFCHR, 1, 1), O_RDWR);
    map(kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, kScreen);
    close(fd);
}

void hold_serial_line() {
    open_device(device("ttyS0", S_IFCHR, 4, 64), O_RDWR | O_NONBLOCK);
}
void hold_virtual_terminal() {
    open_device(device("tty9", S_IFCHR, 4, 9), O_RDWR | O_NONBLOCK);
}
void hold_disk() {
    open_device(device("vda", S_IFBLK, 254, 0), O_RDONLY);
}
void hold_precise_clock() {
    open_device(device("hpet", S_IFCHR, 10, 228), O_RDONLY);
}
void hold_kernel_memory() {
    open_device(device("mem", S_IFCHR, 1, 1), O_RDONLY);
}

NAP_GUEST_HOLDER("device_memory", hold_device_memory);
NAP_GUEST_HOLDER("serial_device", hold_serial_line);
NAP_GUEST_HOLDER("vt_device", hold_virtual_terminal);
NAP_GUEST_HOLDER("block_device", hold_disk);
NAP_GUEST_HOLDER("misc_device", hold_precise_clock);
NAP_GUEST_HOLDER("mem_device", hold_kernel_memory);

}  // namespace
}  // namespace guest
