// SPDX-License-Identifier: GPL-2.0-only
// Descriptors of kernel objects that nobody can read back.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "harness.hpp"

namespace guest {
namespace {

void hold_io_uring() {
    io_uring_params parameters{};
    check(syscall(SYS_io_uring_setup, 8, &parameters), "io_uring_setup");
}

void hold_folder_of_dead_process() {
    const pid_t child = static_cast<pid_t>(check(fork(), "fork"));
    if (child == 0) {
        pause();
        _exit(0);
    }
    check(open(("/proc/" + std::to_string(child) + "/task").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
          "open");
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

void hold_as_many_as_it_may() {
    const rlimit limit{16, 16};
    check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    int last = -1;
    for (int next = 0; next >= 0; next = open("/dev/null", O_RDONLY | O_CLOEXEC)) last = next;
    close(last);  // one is needed to answer
}

void hold_perf_event() {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    check(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0), "perf_event_open");
}

// Mapped, its descriptor closed.
void hold_perf_buffer() {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    const int fd =
        static_cast<int>(check(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0), "perf_event_open"));
    require(mmap(nullptr, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED,
            "mmap of a perf event");
    close(fd);
}

void hold_bpf_map() {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = attributes.value_size = sizeof(std::uint32_t);
    attributes.max_entries = 4;
    check(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes), "BPF_MAP_CREATE");
}

void hold_userfaultfd() {
    check(syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
}

void hold_landlock_ruleset() {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE;
    check(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0), "landlock_create_ruleset");
}

void hold_half_made_mount() {
    check(syscall(SYS_fsopen, "tmpfs", 0), "fsopen tmpfs");
}

NAP_GUEST_HOLDER("proc_of_dead", hold_folder_of_dead_process);
NAP_GUEST_HOLDER("files_full", hold_as_many_as_it_may);
NAP_GUEST_HOLDER("io_uring", hold_io_uring);
NAP_GUEST_HOLDER("perf_event", hold_perf_event);
NAP_GUEST_HOLDER("perf_buffer", hold_perf_buffer);
NAP_GUEST_HOLDER("bpf_map", hold_bpf_map);
NAP_GUEST_HOLDER("userfaultfd", hold_userfaultfd);
NAP_GUEST_HOLDER("landlock", hold_landlock_ruleset);
NAP_GUEST_HOLDER("fscontext", hold_half_made_mount);

}  // namespace
}  // namespace guest
